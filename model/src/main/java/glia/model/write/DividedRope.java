package glia.model.write;

import glia.model.spec.Attention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Recovers Llama 3's RoPE scaling from the frequency divisors of GGUF files. The divisors do not determine the low and
/// high frequency factors; they are taken to be 1 and 4, as in all published models.
final class DividedRope {
    private static final double LOW = 1;
    private static final double HIGH = 4;
    private static final int USUAL_CONTEXT = 8192;

    private DividedRope() { }

    /// The `rope_scaling` of config.json for a model with frequency divisors.
    static Optional<Map<String, ?>> scaling(ModelSpec spec) {
        return spec.sublayers().stream().map(s -> s.mixer()).filter(Attention.class::isInstance)
                .map(m -> ((Attention) m).rope()).filter(Rope.Rotary.class::isInstance).map(Rope.Rotary.class::cast)
                .filter(r -> r.scaling() instanceof RopeScaling.Divisors).findFirst()
                .map(r -> scaling(r, ((RopeScaling.Divisors) r.scaling()).divisors()));
    }

    private static Map<String, ?> scaling(Rope.Rotary rope, List<Float> divisors) {
        double factor = divisors.stream().mapToDouble(Float::doubleValue).max().orElse(1);
        double least = 1;
        double most = Integer.MAX_VALUE;
        for (int i = 0; i < divisors.size(); i++) {
            double wavelength = 2 * Math.PI * Math.pow(rope.theta(), 2.0 * i / rope.rotatedSize());
            double kept = (1 / (double) divisors.get(i) - 1 / factor) / (1 - 1 / factor);
            double context = wavelength * (kept * (HIGH - LOW) + LOW);
            least = kept > 0 ? Math.max(least, Math.rint(context)) : least;
            most = kept < 1 ? Math.min(most, Math.rint(context)) : most;
        }
        int context = (int) Math.max(least, Math.min(most, USUAL_CONTEXT));
        return Map.of("rope_type", "llama3", "factor", factor, "low_freq_factor", LOW, "high_freq_factor", HIGH,
                "original_max_position_embeddings", context);
    }
}
