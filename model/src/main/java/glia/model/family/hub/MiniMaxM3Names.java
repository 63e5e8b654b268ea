package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.BlockSparseAttention;
import glia.model.spec.Mixer.LimitedMlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;

/// The names of MiniMax-M3's tensors on the hub: Llama's, with those of the indexer and of the experts.
public final class MiniMaxM3Names {
    private MiniMaxM3Names() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() >= 0 && spec.mixer(p.place()) instanceof BlockSparseAttention) {
            return switch (p.role()) {
                case BEFORE_WEIGHT -> StandardNames.inLayer(spec, p, "input_layernorm.weight");
                case INDEX_QUERY -> StandardNames.inLayer(spec, p, "self_attn.index_q_proj.weight");
                case INDEX_KEY -> StandardNames.inLayer(spec, p, "self_attn.index_k_proj.weight");
                case INDEX_QUERY_NORM -> StandardNames.inLayer(spec, p, "self_attn.index_q_norm.weight");
                case INDEX_KEY_NORM_WEIGHT -> StandardNames.inLayer(spec, p, "self_attn.index_k_norm.weight");
                default -> StandardNames.source(spec, p);
            };
        }
        boolean dense = p.sublayer() >= 0 && spec.mixer(p.place()) instanceof LimitedMlp;
        return dense ? StandardNames.source(spec, p) : StandardNames.source(spec, p, ExpertNames.BLOCK_SPARSE);
    }
}
