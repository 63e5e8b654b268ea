package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.SharedLatentAttention;

/// The names of Mistral Large 4's tensors, which are Mistral's own.
public final class MistralLarge4Names {
    private MistralLarge4Names() { }

    public static Source source(ModelSpec spec, Parameter p) {
        return new Source.Stored(p.sublayer() < 0 ? global(p)
                : "layers." + spec.sublayer(p).layer() + "." + inLayer(spec, p));
    }

    private static String global(Parameter p) {
        return switch (p.role()) {
            case EMBEDDING -> "tok_embeddings.weight";
            case ROPE_SCALE -> "lerope.alpha";
            case FINAL_WEIGHT -> "norm.weight";
            case HEAD -> "output.weight";
            default -> throw StandardNames.unknown(p);
        };
    }

    private static String inLayer(ModelSpec spec, Parameter p) {
        boolean isAttention = spec.mixer(p.place()) instanceof SharedLatentAttention;
        String experts = "experts." + p.expert() + ".";
        String mlp = p.expert() < 0 ? "feed_forward." : experts;
        return switch (p.role()) {
            case BEFORE_WEIGHT -> isAttention ? "attention_norm.weight" : "ffn_norm.weight";
            case QUERY -> "attention.wq.weight";
            case POSITION_SCALE -> "attention.ssmax_scaling.s";
            case POSITION_OFFSET -> "attention.ssmax_scaling.b";
            case LATENT -> "attention.wkv_a_with_mqa.weight";
            case LATENT_BIAS -> "attention.wkv_a_with_mqa.bias";
            case LATENT_NORM -> "attention.kv_a_norm.weight";
            case EXPANSION -> "attention.wkv_b.weight";
            case OUTPUT -> "attention.wo.weight";
            case OUTPUT_BIAS -> "attention.wo.bias";
            case INDEX_QUERY_NORM_WEIGHT -> "attention.indexer.q_input_norm.weight";
            case INDEX_QUERY_NORM_BIAS -> "attention.indexer.q_input_norm.bias";
            case INDEX_QUERY -> "attention.indexer.wq_b.weight";
            case INDEX_POSITION_SCALE -> "attention.indexer.ssmax_scaling.s";
            case INDEX_POSITION_OFFSET -> "attention.indexer.ssmax_scaling.b";
            case INDEX_KEY -> "attention.indexer.wk.weight";
            case INDEX_KEY_NORM_WEIGHT -> "attention.indexer.k_norm.weight";
            case INDEX_KEY_NORM_BIAS -> "attention.indexer.k_norm.bias";
            case INDEX_WEIGHTS -> "attention.indexer.weights_proj.weight";
            case ROUTER -> "gate.weight";
            case GATE -> mlp + "w1.weight";
            case DOWN -> mlp + "w2.weight";
            case UP -> mlp + "w3.weight";
            case SHARED_GATE -> "shared_experts.w1.weight";
            case SHARED_DOWN -> "shared_experts.w2.weight";
            case SHARED_UP -> "shared_experts.w3.weight";
            default -> throw StandardNames.unknown(p);
        };
    }
}
