package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.ModelSpec;
import glia.model.spec.NumberRange;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Reads RoPE settings in both layouts: `rope_theta` with `rope_scaling`, or `rope_parameters`, possibly per layer
/// type.
public final class RopeConfig {
    private RopeConfig() { }

    /// RoPE of whole heads, or of the fraction `partial_rotary_factor`.
    public static Rope.Rotary read(Config config, int headSize, double defaultTheta) throws CheckpointException {
        return read(config, headSize, defaultTheta, 1);
    }

    /// The same with another default fraction.
    public static Rope.Rotary read(Config config, int headSize, double defaultTheta, double defaultPart)
            throws CheckpointException {
        Optional<Config> parameters = config.has("rope_parameters")
                ? Optional.of(config.child("rope_parameters")) : Optional.empty();
        double theta = Numbers.real(config, "rope_theta", NumberRange.ROPE_THETA, defaultTheta);
        return read(config, parameters, scaling(config), headSize, theta, defaultPart);
    }

    /// The scaling settings, in either layout.
    static Optional<Config> scaling(Config config) throws CheckpointException {
        String key = config.has("rope_scaling") ? "rope_scaling" : "rope_parameters";
        return config.has(key) ? Optional.of(config.child(key)) : Optional.empty();
    }

    /// The same with the settings of one layer type, an object inside `rope_parameters`.
    public static Rope.Rotary read(Config config, Config parameters, int headSize, double defaultTheta)
            throws CheckpointException {
        return read(config, parameters, headSize, defaultTheta, 1);
    }

    /// The same with another default fraction.
    public static Rope.Rotary read(Config config, Config parameters, int headSize, double defaultTheta,
            double defaultPart) throws CheckpointException {
        return read(config, Optional.of(parameters), Optional.of(parameters), headSize, defaultTheta, defaultPart);
    }

    /// The settings of sliding-window or full layers, if `rope_parameters` has them per layer type.
    public static Optional<Config> ofKind(Config config, boolean slides) throws CheckpointException {
        Config all = config.child("rope_parameters", Map.of());
        String kind = slides ? "sliding_attention" : "full_attention";
        return all.has(kind) ? Optional.of(all.child(kind)) : Optional.empty();
    }

    private static Rope.Rotary read(Config config, Optional<Config> parameters, Optional<Config> scaling, int headSize,
            double defaultTheta, double defaultPart) throws CheckpointException {
        double theta = parameters.isPresent()
                ? Numbers.real(parameters.get(), "rope_theta", NumberRange.ROPE_THETA, defaultTheta) : defaultTheta;
        Config holder = parameters.filter(p -> p.has("partial_rotary_factor")).orElse(config);
        double part = Numbers.real(holder, "partial_rotary_factor", NumberRange.FRACTION, defaultPart);
        boolean proportional = scaling.isPresent() && type(scaling.get()).equals("proportional");
        int rotated = proportional ? headSize : (int) (headSize * part);
        if (rotated < 2 || rotated > headSize || rotated % 2 != 0) {
            throw holder.error("partial_rotary_factor", "found " + rotated + " rotated dimensions of a head of "
                    + headSize + ", expected an even number");
        }
        // NTK-aware scaling by a fixed factor alpha: theta · alpha^(d / (d - 2)).
        if (scaling.isPresent() && type(scaling.get()).equals("dynamic") && scaling.get().has("alpha")) {
            double alpha = positive(scaling.get(), "alpha");
            return new Rope.Rotary(rotated, theta * Math.pow(alpha, rotated / (rotated - 2.0)), new RopeScaling.None(),
                    Layout.HALF_SPLIT);
        }
        RopeScaling scaled = proportional
                ? new RopeScaling.Proportional(part, Numbers.real(scaling.get(), "factor", NumberRange.ROPE_FACTOR, 1))
                : scaling(config, scaling, rotated / 2);
        return new Rope.Rotary(rotated, theta, scaled, Layout.HALF_SPLIT);
    }

    private static String type(Config scaling) throws CheckpointException {
        return scaling.text("rope_type", scaling.text("type", "default"));
    }

    private static RopeScaling scaling(Config config, Optional<Config> found, int numFrequencies)
            throws CheckpointException {
        if (found.isEmpty()) {
            return new RopeScaling.None();
        }
        Config scaling = found.get();
        String type = type(scaling);
        return switch (type) {
            // Of several axes all are the position where there is nothing but text.
            case "default", "mrope" -> new RopeScaling.None();
            case "dynamic" -> new RopeScaling.Dynamic(positive(scaling, "factor"),
                    config.positive("max_position_embeddings"));
            case "linear" -> new RopeScaling.Linear(positive(scaling, "factor"));
            case "llama3" -> new RopeScaling.Llama3(positive(scaling, "factor"), positive(scaling, "low_freq_factor"),
                    positive(scaling, "high_freq_factor"), originalContext(config, scaling));
            case "yarn" -> yarn(config, scaling);
            case "longrope", "su" -> longrope(config, scaling, numFrequencies);
            default -> throw config.error("rope_type", "rotary scaling '" + type
                    + "' is not supported; known are default, dynamic, linear, llama3, longrope,"
                    + " proportional and yarn");
        };
    }

    private static double positive(Config scaling, String key) throws CheckpointException {
        return Numbers.real(scaling, key, NumberRange.ROPE_FACTOR);
    }

    private static int originalContext(Config config, Config scaling) throws CheckpointException {
        String key = "original_max_position_embeddings";
        return config.has(key) ? config.positive(key)
                : scaling.has(key) ? scaling.positive(key) : config.positive("max_position_embeddings");
    }

    private static RopeScaling.LongRope longrope(Config config, Config scaling, int numFrequencies)
            throws CheckpointException {
        int original = originalContext(config, scaling);
        double factor = scaling.has("factor") ? positive(scaling, "factor")
                : (double) config.positive("max_position_embeddings") / original;
        double attention = scaling.has("attention_factor") ? positive(scaling, "attention_factor")
                : RopeScaling.LongRope.attentionFactor(factor, original);
        return new RopeScaling.LongRope(divisors(scaling, "short_factor", numFrequencies),
                divisors(scaling, "long_factor", numFrequencies), original, attention, attention);
    }

    private static RopeScaling.Divisors divisors(Config scaling, String key, int numFrequencies)
            throws CheckpointException {
        List<Float> divisors = new ArrayList<>();
        for (double x : Numbers.reals(scaling, key, NumberRange.ROPE_DIVISOR)) {
            divisors.add((float) x);
        }
        if (divisors.size() != numFrequencies) {
            throw scaling.error(key, "found " + divisors.size() + " numbers, expected " + numFrequencies
                    + ", one for each frequency");
        }
        try {
            return new RopeScaling.Divisors(divisors);
        } catch (IllegalArgumentException e) {
            throw scaling.error(key, e.getMessage());
        }
    }

    private static RopeScaling.Yarn yarn(Config config, Config scaling) throws CheckpointException {
        int original = originalContext(config, scaling);
        double factor = scaling.has("factor") ? positive(scaling, "factor")
                : (double) config.positive("max_position_embeddings") / original;
        double scale = Numbers.real(scaling, "mscale", NumberRange.WEIGHT, 0);
        double all = Numbers.real(scaling, "mscale_all_dim", NumberRange.WEIGHT, 0);
        double attention = scaling.has("attention_factor") ? positive(scaling, "attention_factor")
                : scale != 0 && all != 0 ? RopeScaling.Yarn.sharpening(factor, scale)
                / RopeScaling.Yarn.sharpening(factor, all)
                : RopeScaling.Yarn.sharpening(factor, 1);
        return new RopeScaling.Yarn(factor, original, Numbers.real(scaling, "beta_fast", NumberRange.ROPE_FACTOR, 32),
                Numbers.real(scaling, "beta_slow", NumberRange.ROPE_FACTOR, 1),
                scaling.flag("truncate", true), attention);
    }

    /// A text model with rotary embedding by several axes.
    ///
    /// @param config of the whole model
    /// @param interleaved whether the axes take turns
    /// @param otherwise the sections without `mrope_section`
    public static ModelSpec withAxes(Config config, ModelSpec text, boolean interleaved, Integer... otherwise)
            throws CheckpointException {
        Config inner = config.has("text_config") ? config.child("text_config") : config;
        Config rope = inner.child(inner.has("rope_parameters") ? "rope_parameters" : "rope_scaling", Map.of());
        List<Integer> sections = !rope.has("mrope_section") ? List.of(otherwise)
                : Arrays.stream(Numbers.reals(rope, "mrope_section", NumberRange.COUNT))
                        .mapToObj(count -> (int) count).toList();
        if (sections.size() < 3) {
            throw rope.error("mrope_section", "found " + sections.size() + " sections, expected those of time, row "
                    + "and column");
        }
        try {
            return text.mapMixers(m -> m instanceof Attention a && a.rope() instanceof Rope.Rotary rotary
                    ? a.with(interleaved ? Rope.Axial.interleaved(rotary, sections)
                            : Rope.Axial.sections(rotary, sections)) : m);
        } catch (IllegalArgumentException e) {
            throw rope.error("mrope_section", e.getMessage());
        }
    }
}
