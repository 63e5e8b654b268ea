package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.RealGatedRecurrence;
import glia.model.spec.Role;
import java.util.List;

/// The names of the tensors of RecurrentGemma on the hub.
public final class GriffinNames {
    private GriffinNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return StandardNames.source(spec, p, "model.norm", "model.final_norm");
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        Mixer mixer = spec.mixer(p.place());
        if (p.role() == Role.BEFORE_WEIGHT) {
            return new Source.Stored(layer + (mixer instanceof GatedMlp ? "channel_pre_norm.weight"
                    : "temporal_pre_norm.weight"));
        }
        return mixer instanceof RealGatedRecurrence r ? recurrent(r, p, layer + "temporal_block.")
                : StandardNames.source(spec, p, ".self_attn.", ".temporal_block.", ".mlp.", ".mlp_block.");
    }

    private static Source recurrent(RealGatedRecurrence r, Parameter p, String at) {
        long blocks = r.numBlocks();
        return switch (p.role()) {
            case GATE -> new Source.Stored(at + "linear_y.weight");
            case GATE_BIAS -> new Source.Stored(at + "linear_y.bias");
            case INPUT -> new Source.Stored(at + "linear_x.weight");
            case INPUT_BIAS -> new Source.Stored(at + "linear_x.bias");
            case CONVOLUTION -> new Source.Stored(at + "conv_1d.weight");
            case CONVOLUTION_BIAS -> new Source.Stored(at + "conv_1d.bias");
            case INPUT_GATE -> new Source.Stored(at + "rg_lru.input_gate_weight");
            case INPUT_GATE_BIAS -> new Source.Shaped(new Source.Stored(at + "rg_lru.input_gate_bias"),
                    List.of((long) r.size()), List.of(blocks, r.size() / blocks));
            case FORGET_GATE -> new Source.Stored(at + "rg_lru.recurrent_gate_weight");
            case FORGET_GATE_BIAS -> new Source.Shaped(new Source.Stored(at + "rg_lru.recurrent_gate_bias"),
                    List.of((long) r.size()), List.of(blocks, r.size() / blocks));
            case DECAY -> new Source.Stored(at + "rg_lru.recurrent_param");
            case OUTPUT -> new Source.Stored(at + "linear_out.weight");
            case OUTPUT_BIAS -> new Source.Stored(at + "linear_out.bias");
            default -> throw StandardNames.unknown(p);
        };
    }
}
