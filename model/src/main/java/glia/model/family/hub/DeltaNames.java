package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;

/// The names of the tensors of Qwen3-Next and Qwen3.5 on the hub.
public final class DeltaNames {
    private DeltaNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        return p.sublayer() >= 0 && spec.mixer(p.place()) instanceof GatedDeltaNet d
                ? new Source.Stored("model.layers." + spec.sublayer(p).layer() + "." + inLayer(d, p))
                : StandardNames.source(spec, p);
    }

    private static String inLayer(GatedDeltaNet d, Parameter p) {
        return switch (p.role()) {
            case BEFORE_WEIGHT -> "input_layernorm.weight";
            case INPUT -> d.inputs() == GatedDeltaNet.Inputs.BY_KEY_HEAD ? "linear_attn.in_proj_qkvz.weight"
                    : "linear_attn.in_proj_qkv.weight";
            case GATE -> "linear_attn.in_proj_z.weight";
            case BETA -> "linear_attn.in_proj_b.weight";
            case STEPS -> "linear_attn.in_proj_a.weight";
            case BETA_AND_STEPS -> "linear_attn.in_proj_ba.weight";
            case CONVOLUTION -> "linear_attn.conv1d.weight";
            case STEPS_OFFSET -> "linear_attn.dt_bias";
            case DECAY -> "linear_attn.A_log";
            case GATED_NORM -> "linear_attn.norm.weight";
            case OUTPUT -> "linear_attn.out_proj.weight";
            default -> throw StandardNames.unknown(p);
        };
    }
}
