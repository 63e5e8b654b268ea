package glia.model.family;

import glia.model.spec.LatentAttention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;

/// The names of latent attention's tensors on the hub; the rest is Llama's.
final class LatentNames {
    private LatentNames() { }

    /// Where a parameter of a model with latent attention lies.
    static Source source(ModelSpec spec, Parameter p) {
        return p.sublayer() >= 0 && spec.mixer(p.place()) instanceof LatentAttention
                ? new Source.Stored("model.layers." + spec.sublayer(p).layer() + "." + inLayer(spec, p))
                : Standard.source(spec, p);
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
            case OUTPUT -> "self_attn.o_proj.weight";
            case OUTPUT_BIAS -> "self_attn.o_proj.bias";
            case INDEX_QUERY -> "self_attn.indexer.wq_b.weight";
            case INDEX_KEY -> "self_attn.indexer.wk.weight";
            case INDEX_KEY_NORM_WEIGHT -> "self_attn.indexer.k_norm.weight";
            case INDEX_KEY_NORM_BIAS -> "self_attn.indexer.k_norm.bias";
            case INDEX_WEIGHTS -> "self_attn.indexer.weights_proj.weight";
            default -> throw Standard.unknown(p);
        };
    }
}
