package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.CompressedAttention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;

/// The names of DeepSeek V4's tensors on the hub.
public final class DeepseekV4Names {
    private DeepseekV4Names() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return new Source.Stored(switch (p.role()) {
                case EMBEDDING -> "embed.weight";
                case FINAL_WEIGHT -> "norm.weight";
                case HEAD -> "head.weight";
                case STREAM_WEIGHTS -> "hc_head_fn";
                case STREAM_BASE -> "hc_head_base";
                case STREAM_SCALE -> "hc_head_scale";
                default -> throw StandardNames.unknown(p);
            });
        }
        boolean attends = spec.mixer(p.place()) instanceof CompressedAttention;
        String part = attends ? "attn" : "ffn";
        return new Source.Stored("layers." + spec.sublayer(p).layer() + "." + switch (p.role()) {
            case BEFORE_WEIGHT -> part + "_norm.weight";
            case STREAM_WEIGHTS -> "hc_" + part + "_fn";
            case STREAM_BASE -> "hc_" + part + "_base";
            case STREAM_SCALE -> "hc_" + part + "_scale";
            default -> part + "." + (attends ? attention(p) : experts(p));
        });
    }

    private static String attention(Parameter p) {
        return switch (p.role()) {
            case QUERY_LATENT -> "wq_a.weight";
            case QUERY_LATENT_NORM -> "q_norm.weight";
            case QUERY -> "wq_b.weight";
            case KEY -> "wkv.weight";
            case KEY_NORM -> "kv_norm.weight";
            case SINKS -> "attn_sink";
            case GROUP_OUTPUT -> "wo_a.weight";
            case OUTPUT -> "wo_b.weight";
            case ENTRY_VALUE -> "compressor.wkv.weight";
            case ENTRY_GATE -> "compressor.wgate.weight";
            case ENTRY_POSITIONS -> "compressor.ape";
            case ENTRY_NORM -> "compressor.norm.weight";
            case INDEX_QUERY -> "indexer.wq_b.weight";
            case INDEX_WEIGHTS -> "indexer.weights_proj.weight";
            case INDEX_KEY -> "indexer.compressor.wkv.weight";
            case INDEX_GATE -> "indexer.compressor.wgate.weight";
            case INDEX_POSITIONS -> "indexer.compressor.ape";
            case INDEX_KEY_NORM_WEIGHT -> "indexer.compressor.norm.weight";
            default -> throw StandardNames.unknown(p);
        };
    }

    private static String experts(Parameter p) {
        String expert = "experts." + p.expert() + ".";
        return switch (p.role()) {
            case ROUTER -> "gate.weight";
            case ROUTER_CORRECTION -> "gate.bias";
            case ROUTER_TABLE -> "gate.tid2eid";
            case GATE -> expert + "w1.weight";
            case UP -> expert + "w3.weight";
            case DOWN -> expert + "w2.weight";
            case SHARED_GATE -> "shared_experts.w1.weight";
            case SHARED_UP -> "shared_experts.w3.weight";
            case SHARED_DOWN -> "shared_experts.w2.weight";
            default -> throw StandardNames.unknown(p);
        };
    }
}
