package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Experts;
import glia.model.spec.GatedConvolution;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;

/// The names of the tensors of LFM2 and LFM3 on the hub.
public final class LfmNames {
    private static final String CORRECTION = "feed_forward.expert_bias";
    private static final ExpertNames EXPERTS =
            new ExpertNames("feed_forward", "gate", "w1", "w3", "w2", ExpertNames.Stack.OUTPUTS_FIRST);

    private LfmNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return p.role() == Role.FINAL_WEIGHT ? new Source.Stored("model.embedding_norm.weight")
                    : StandardNames.source(spec, p);
        }
        Mixer mixer = spec.mixer(p.place());
        boolean mixes = mixer instanceof GatedConvolution || mixer instanceof Attention;
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        return switch (p.role()) {
            case BEFORE_WEIGHT -> new Source.Stored(layer + (mixes ? "operator_norm.weight" : "ffn_norm.weight"));
            case AFTER_WEIGHT ->
                    new Source.Stored(layer + (mixes ? "post_operator_norm.weight" : "post_ffn_norm.weight"));
            case ROUTER_CORRECTION -> new Source.Stored(layer + CORRECTION);
            default -> mixer instanceof Experts ? EXPERTS.source(spec, p, layer)
                    : mixer instanceof Attention && p.role() == Role.GATE
                    ? new Source.Stored(layer + "self_attn.gate_proj.weight", layer + "self_attn.g_proj.weight")
                    : mixer instanceof Attention ? StandardNames.source(spec, p)
                    : new Source.Stored(layer + inLayer(p));
        };
    }

    private static String inLayer(Parameter p) {
        return switch (p.role()) {
            case INPUT -> "conv.in_proj.weight";
            case INPUT_BIAS -> "conv.in_proj.bias";
            case CONVOLUTION -> "conv.conv.weight";
            case CONVOLUTION_BIAS -> "conv.conv.bias";
            case OUTPUT -> "conv.out_proj.weight";
            case OUTPUT_BIAS -> "conv.out_proj.bias";
            case GATE -> "feed_forward.w1.weight";
            case UP -> "feed_forward.w3.weight";
            case DOWN -> "feed_forward.w2.weight";
            default -> throw StandardNames.unknown(p);
        };
    }
}
