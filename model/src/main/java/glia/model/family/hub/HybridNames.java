package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Experts;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer.ScaledGatedMlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.spec.SelectiveStateSpace;
import glia.model.spec.StateSpaceDual;

/// The tensor names of families whose layers have a state-space mixer `mamba`, attention `self_attn` or both, and then
/// an MLP or experts `feed_forward`.
public final class HybridNames {
    private static final ExpertNames EXPERTS = ExpertNames.of("feed_forward", "router",
            ExpertNames.Stack.OUTPUTS_FIRST);

    private HybridNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return p.role() == Role.FINAL_WEIGHT ? new Source.Stored("model.final_layernorm.weight")
                    : StandardNames.source(spec, p);
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        boolean isNorm = p.role() == Role.BEFORE_WEIGHT;
        return switch (spec.mixer(p.place())) {
            case SelectiveStateSpace s when !isNorm -> StateSpaceNames.source(layer + "mamba.", s, p);
            case StateSpaceDual d when !isNorm -> StateSpaceNames.source(layer + "mamba.", d, p);
            case Experts e when isNorm -> new Source.Stored(layer + "pre_ff_layernorm.weight");
            case Experts e -> EXPERTS.source(spec, p, layer);
            case GatedMlp m -> new Source.Stored(layer + feedForward(p));
            case ScaledGatedMlp m -> new Source.Stored(layer + feedForward(p));
            default -> isNorm ? new Source.Stored(layer + "input_layernorm.weight") : StandardNames.source(spec, p);
        };
    }

    private static String feedForward(Parameter p) {
        return switch (p.role()) {
            case BEFORE_WEIGHT -> "pre_ff_layernorm.weight";
            case GATE -> "feed_forward.gate_proj.weight";
            case GATE_BIAS -> "feed_forward.gate_proj.bias";
            case UP -> "feed_forward.up_proj.weight";
            case UP_BIAS -> "feed_forward.up_proj.bias";
            case DOWN -> "feed_forward.down_proj.weight";
            case DOWN_BIAS -> "feed_forward.down_proj.bias";
            default -> throw StandardNames.unknown(p);
        };
    }
}
