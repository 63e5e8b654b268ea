package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.CrossAttention;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.RelativeAttention;

/// The names of T5's tensors on the hub.
public final class T5Names {
    private T5Names() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return new Source.Stored(switch (p.role()) {
                case EMBEDDING -> "shared.weight";
                case FINAL_WEIGHT -> "decoder.final_layer_norm.weight";
                case ENCODER_FINAL_WEIGHT -> "encoder.final_layer_norm.weight";
                case HEAD -> "lm_head.weight";
                default -> throw StandardNames.unknown(p);
            });
        }
        boolean decoder = p.sublayer() < spec.sublayers().size();
        Mixer mixer = spec.mixer(p.place());
        int number = mixer instanceof RelativeAttention ? 0 : mixer instanceof CrossAttention || !decoder ? 1 : 2;
        String layer = (decoder ? "decoder" : "encoder") + ".block." + spec.sublayer(p).layer() + ".layer." + number;
        String attention = layer + (mixer instanceof CrossAttention ? ".EncDecAttention." : ".SelfAttention.");
        String mlp = layer + ".DenseReluDense.";
        return new Source.Stored(switch (p.role()) {
            case BEFORE_WEIGHT -> layer + ".layer_norm.weight";
            case QUERY -> attention + "q.weight";
            case KEY -> attention + "k.weight";
            case VALUE -> attention + "v.weight";
            case OUTPUT -> attention + "o.weight";
            case DISTANCES -> attention + "relative_attention_bias.weight";
            case GATE -> mlp + "wi_0.weight";
            case UP -> mlp + (mixer instanceof GatedMlp ? "wi_1.weight" : "wi.weight");
            case DOWN -> mlp + "wo.weight";
            default -> throw StandardNames.unknown(p);
        });
    }
}
