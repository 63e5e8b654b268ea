package glia.model.family.hub;

import glia.model.layout.Source;
import glia.model.spec.Mixer.AugmentedResidual;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parallel;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import glia.model.spec.PerLayerEmbedding;
import glia.model.spec.Role;

/// The names of Gemma 3n's tensors on the hub: Gemma 4's, with those of AltUp and LAuReL.
public final class Gemma3nNames {
    private Gemma3nNames() { }

    public static Source source(ModelSpec spec, Parameter p) {
        if (p.sublayer() < 0) {
            return switch (p.role()) {
                case STREAM_INPUT -> new Source.Stored("model.altup_projections." + p.expert() + ".weight");
                case STREAM_OUTPUT -> new Source.Stored("model.altup_unembed_projections." + p.expert() + ".weight");
                default -> Gemma4Names.source(spec, p);
            };
        }
        String layer = "model.layers." + spec.sublayer(p).layer() + ".";
        Mixer mixer = spec.mixer(p.place());
        return switch (p.role()) {
            case ROUTER_NORM -> new Source.Stored(layer + "altup.router_norm.weight");
            case ROUTER -> new Source.Stored(layer + "altup.modality_router.weight");
            case PREDICTION -> new Source.Stored(layer + "altup.prediction_coefs.weight");
            case CORRECTION -> new Source.Stored(layer + "altup.correction_coefs.weight");
            case LAYER_SCALE -> new Source.Stored(layer + "altup.correct_output_scale");
            case DOWN, UP, RESIDUAL_NORM -> mixer instanceof AugmentedResidual
                    ? new Source.Stored(layer + "laurel." + augmented(p)) : Gemma4Names.source(spec, p);
            case BEFORE_WEIGHT -> new Source.Stored(layer + (mixer instanceof Parallel ? "input_layernorm.weight"
                    : "pre_feedforward_layernorm.weight"));
            case AFTER_WEIGHT -> new Source.Stored(layer + (mixer instanceof PerLayerEmbedding
                    ? "post_per_layer_input_norm.weight" : p.place().branch() > 0 ? "post_attention_layernorm.weight"
                    : "post_feedforward_layernorm.weight"));
            default -> Gemma4Names.source(spec, p);
        };
    }

    private static String augmented(Parameter p) {
        return switch (p.role()) {
            case DOWN -> "linear_left.weight";
            case UP -> "linear_right.weight";
            case RESIDUAL_NORM -> "post_laurel_norm.weight";
            default -> throw StandardNames.unknown(p);
        };
    }

    /// Files may have unused key and value projections of layers with shared KV caches.
    public static boolean isUnused(ModelSpec spec, String tensorName) {
        // Stored also where the config leaves it unread.
        return tensorName.endsWith(".altup.correct_output_scale") && Parameters.of(spec).keySet().stream()
                .noneMatch(p -> p.role() == Role.LAYER_SCALE) || Gemma4Names.isUnused(spec, tensorName);
    }
}
