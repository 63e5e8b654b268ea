package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import glia.model.spec.Role;
import glia.model.spec.SharedTransformer;

/// The names of the tensors of Zamba2 on the hub.
public final class ZambaNames {
    private ZambaNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return StandardNames.source(spec, p, "model.norm", "model.final_layernorm");
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        if (spec.mixer(p.place()) instanceof SharedTransformer t) {
            return p.role() == Role.TRANSFORM ? new Source.Stored(layer + "linear.weight")
                    : block(t, p, "model.layers." + spec.sublayers().get(t.first().sublayer()).layer()
                            + ".shared_transformer.");
        }
        String at = p.place().branch() == 0 ? layer : layer + "mamba_decoder.";
        return p.role() == Role.BEFORE_WEIGHT ? new Source.Stored(at + "input_layernorm.weight")
                : StateSpaceNames.source(at + "mamba.", spec.mixer(p.place()), p);
    }

    /// Whether a tensor is a copy of shared weights, or a low-rank matrix in one that belongs to another layer.
    public static boolean isCopy(ModelSpec spec, String name) {
        return name.contains(".shared_transformer.") && Parameters.of(spec).keySet().stream()
                .noneMatch(p -> source(spec, p).stored().names().contains(name));
    }

    private static Source block(SharedTransformer t, Parameter p, String at) {
        int width = t.intermediateSize();
        String fused = at + "feed_forward.gate_up_proj.";
        return switch (p.role()) {
            case PAIR_NORM -> new Source.Stored(at + "input_layernorm.weight");
            case MLP_NORM -> new Source.Stored(at + "pre_ff_layernorm.weight");
            case QUERY -> new Source.Stored(at + "self_attn.q_proj.weight");
            case KEY -> new Source.Stored(at + "self_attn.k_proj.weight");
            case VALUE -> new Source.Stored(at + "self_attn.v_proj.weight");
            case OUTPUT -> new Source.Stored(at + "self_attn.o_proj.weight");
            case GATE -> StateSpaceNames.rows(fused + "weight", 0, width, 2 * width);
            case GATE_BIAS -> StateSpaceNames.rows(fused + "bias", 0, width, 2 * width);
            case UP -> StateSpaceNames.rows(fused + "weight", width, width, 2 * width);
            case UP_BIAS -> StateSpaceNames.rows(fused + "bias", width, width, 2 * width);
            case DOWN -> new Source.Stored(at + "feed_forward.down_proj.weight");
            case DOWN_BIAS -> new Source.Stored(at + "feed_forward.down_proj.bias");
            case QUERY_DOWN -> adapter(at + "self_attn.linear_q", t, 0);
            case QUERY_UP -> adapter(at + "self_attn.linear_q", t, 1);
            case KEY_DOWN -> adapter(at + "self_attn.linear_k", t, 0);
            case KEY_UP -> adapter(at + "self_attn.linear_k", t, 1);
            case VALUE_DOWN -> adapter(at + "self_attn.linear_v", t, 0);
            case VALUE_UP -> adapter(at + "self_attn.linear_v", t, 1);
            case MLP_DOWN -> adapter(at + "feed_forward.gate_up_proj", t, 0);
            case MLP_UP -> adapter(at + "feed_forward.gate_up_proj", t, 1);
            default -> throw StandardNames.unknown(p);
        };
    }

    private static Source adapter(String of, SharedTransformer t, int part) {
        return new Source.Stored(of + "_adapter_list." + t.use() + "." + part + ".weight");
    }
}
