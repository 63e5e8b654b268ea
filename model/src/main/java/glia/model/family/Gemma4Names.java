package glia.model.family;

import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.NormedAttention;
import glia.model.spec.NormedExperts;
import glia.model.spec.Parameter;

/// The names of Gemma 4's tensors on the hub.
final class Gemma4Names {
    private Gemma4Names() { }

    static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return Standard.source(spec, p);
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        Mixer mixer = spec.mixer(p.place());
        boolean attention = mixer instanceof NormedAttention;
        String branch = p.place().branch() == 0 ? "" : "_" + p.place().branch();
        return switch (p.role()) {
            case BEFORE_WEIGHT -> new Source.Stored(layer + (attention ? "input_layernorm.weight"
                    : "pre_feedforward_layernorm.weight"));
            case AFTER_WEIGHT -> new Source.Stored(layer + (attention ? "post_attention_layernorm"
                    : "post_feedforward_layernorm" + branch) + ".weight");
            case EXPERT_NORM -> new Source.Stored(layer + "pre_feedforward_layernorm_2.weight");
            case ROUTER_NORM -> new Source.Stored(layer + "router.scale");
            case ROUTER -> new Source.Stored(layer + "router.proj.weight");
            case EXPERT_SCALE -> new Source.Stored(layer + "router.per_expert_scale");
            case LAYER_SCALE -> new Source.Stored(layer + "layer_scalar");
            case GATE, UP, DOWN -> mixer instanceof NormedExperts e
                    ? ExpertNames.MLP.stacked(e.experts(), p, layer + "experts.") : Standard.source(spec, p);
            default -> Standard.source(spec, p);
        };
    }
}
