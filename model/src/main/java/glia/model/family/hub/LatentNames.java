package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Draft;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Sublayer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The names of latent attention's tensors on the hub; the rest is Llama's.
public final class LatentNames {
    private LatentNames() { }

    /// The source of a parameter.
    public static Source source(ModelSpec spec, Parameter p) {
        return p.sublayer() >= 0 && spec.mixer(p.place()) instanceof LatentAttention
                ? new Source.Stored("model.layers." + spec.sublayer(p).layer() + "." + inLayer(spec, p))
                : StandardNames.source(spec, p);
    }

    /// Adds the multi-token-prediction layers of a checkpoint to the spec: they have the structure of the last layer,
    /// with an indexer if the model has one (https://arxiv.org/abs/2412.19437, section 2.2).
    public static ModelSpec withDrafts(ModelSpec spec, Set<String> tensors) {
        List<Sublayer> all = spec.sublayers();
        Sublayer attention = all.stream().filter(s -> s.mixer() instanceof LatentAttention a
                && !(a.keys() instanceof KeyChoice.AsBefore)).reduce((first, second) -> second).orElseThrow();
        List<Draft> drafts = new ArrayList<>();
        for (int layer = spec.numLayers(); has(tensors, "model.layers." + layer + "."); layer++) {
            drafts.add(new Draft(spec.finalNorm(), spec.finalNorm(), List.of(
                    new Sublayer(layer, attention.before(), attention.mixer()),
                    new Sublayer(layer, all.getLast().before(), all.getLast().mixer())), spec.finalNorm()));
        }
        return spec.withDrafts(drafts);
    }

    private static boolean has(Set<String> tensors, String prefix) {
        return tensors.stream().anyMatch(name -> name.startsWith(prefix));
    }

    /// Copies of the embedding and the head in multi-token-prediction layers.
    public static boolean isCopy(ModelSpec spec, String tensor) {
        return !spec.drafts().isEmpty() && spec.drafts().stream().anyMatch(d -> {
            String layer = "model.layers." + d.sublayers().getFirst().layer() + ".";
            return tensor.equals(layer + "embed_tokens.weight") || tensor.equals(layer + "shared_head.head.weight");
        });
    }

    private static String inLayer(ModelSpec spec, Parameter p) {
        boolean direct = ((LatentAttention) spec.mixer(p.place())).queries() instanceof LatentAttention.Queries.Direct;
        return switch (p.role()) {
            case BEFORE_WEIGHT -> "input_layernorm.weight";
            case QUERY_LATENT -> "self_attn.q_a_proj.weight";
            case QUERY_LATENT_BIAS -> "self_attn.q_a_proj.bias";
            case QUERY_LATENT_NORM -> "self_attn.q_a_layernorm.weight";
            case QUERY -> direct ? "self_attn.q_proj.weight" : "self_attn.q_b_proj.weight";
            case LATENT -> "self_attn.kv_a_proj_with_mqa.weight";
            case LATENT_BIAS -> "self_attn.kv_a_proj_with_mqa.bias";
            case LATENT_NORM -> "self_attn.kv_a_layernorm.weight";
            case EXPANSION -> "self_attn.kv_b_proj.weight";
            case GATE -> "self_attn.g_proj.weight";
            case OUTPUT -> "self_attn.o_proj.weight";
            case OUTPUT_BIAS -> "self_attn.o_proj.bias";
            case INDEX_QUERY -> "self_attn.indexer.wq_b.weight";
            case INDEX_KEY -> "self_attn.indexer.wk.weight";
            case INDEX_KEY_NORM_WEIGHT -> "self_attn.indexer.k_norm.weight";
            case INDEX_KEY_NORM_BIAS -> "self_attn.indexer.k_norm.bias";
            case INDEX_GATE -> "self_attn.indexer.index_kpool_compress_gate";
            case INDEX_POSITIONS -> "self_attn.indexer.index_kpool_compress_ape";
            case INDEX_WEIGHTS -> "self_attn.indexer.weights_proj.weight";
            case DRAFT_JOIN -> "eh_proj.weight";
            case DRAFT_EMBEDDING_NORM -> "enorm.weight";
            case DRAFT_HIDDEN_NORM -> "hnorm.weight";
            case DRAFT_FINAL_NORM -> "shared_head.norm.weight";
            default -> throw StandardNames.unknown(p);
        };
    }
}
