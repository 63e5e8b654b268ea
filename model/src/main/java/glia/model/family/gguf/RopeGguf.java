package glia.model.family.gguf;

import glia.io.Checkpoint;
import glia.io.CheckpointException;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// RoPE in GGUF metadata: `rope.freq_base`, `rope.dimension_count` and `rope.scaling.*`, which is config.json's
/// `rope_scaling`.
final class RopeGguf {
    /// The keys of all families with RoPE.
    static final List<GgufKey> KEYS = GgufKey.join(List.of(
            GgufKey.real("rope.freq_base", "rope_theta", facts -> facts.rotary().map(r -> r.theta())),
            GgufKey.written("rope.dimension_count", facts -> facts.rotary().map(r -> r.rotatedSize()))),
            scaling(RopeGguf::ofAttention),
            List.of(GgufKey.written("rope.scaling.attn_factor", facts -> switch (ofAttention(facts)) {
                case RopeScaling.Yarn yarn ->
                        unless(yarn.attentionFactor() / RopeScaling.Yarn.sharpening(yarn.factor(), 1), 1);
                case RopeScaling.LongRope rope -> Optional.of((float) rope.attentionFactor());
                default -> Optional.empty();
            })));
    /// The tensors of LongRoPE's divisors, within the original context and beyond.
    private static final List<String> FACTORS = List.of("rope_factors_short.weight", "rope_factors_long.weight");

    private RopeGguf() { }

    private static RopeScaling ofAttention(GgufFacts facts) {
        return facts.rotary().map(Rope.Rotary::scaling).orElse(new RopeScaling.None());
    }

    /// The keys `rope.scaling.*`, except the attention factor.
    static List<GgufKey> scaling(Function<GgufFacts, RopeScaling> scaling) {
        return List.of(GgufKey.written("rope.scaling.type", facts -> type(scaling.apply(facts))),
                GgufKey.written("rope.scaling.factor", facts -> switch (scaling.apply(facts)) {
                    case RopeScaling.Linear linear -> Optional.of((float) linear.factor());
                    case RopeScaling.Yarn yarn -> Optional.of((float) yarn.factor());
                    case RopeScaling.None _, RopeScaling.Reversed _, RopeScaling.Llama3 _,
                            RopeScaling.Proportional _, RopeScaling.Dynamic _, RopeScaling.LongRope _,
                            RopeScaling.Divisors _, RopeScaling.Relative _ -> Optional.empty();
                }),
                GgufKey.written("rope.scaling.original_context_length", facts -> switch (scaling.apply(facts)) {
                    case RopeScaling.Yarn yarn -> Optional.of(yarn.originalContext());
                    case RopeScaling.LongRope rope -> Optional.of(rope.originalContext());
                    default -> Optional.empty();
                }),
                yarn(scaling, "yarn_beta_fast", yarn -> Optional.of((float) yarn.betaFast())),
                yarn(scaling, "yarn_beta_slow", yarn -> Optional.of((float) yarn.betaSlow())));
    }

    private static GgufKey yarn(Function<GgufFacts, RopeScaling> scaling, String key,
            Function<RopeScaling.Yarn, Optional<?>> value) {
        return GgufKey.written("rope.scaling." + key, facts -> scaling.apply(facts) instanceof RopeScaling.Yarn yarn
                ? value.apply(yarn) : Optional.empty());
    }

    /// The name of a scaling in metadata; other scalings are in a tensor, or not supported.
    private static Optional<String> type(RopeScaling scaling) {
        return switch (scaling) {
            case RopeScaling.Linear linear -> Optional.of("linear");
            case RopeScaling.Yarn yarn -> Optional.of("yarn");
            case RopeScaling.None _, RopeScaling.Reversed _ -> Optional.empty();
            case RopeScaling.Llama3 llama -> Optional.empty();
            case RopeScaling.Proportional proportional -> Optional.empty();
            case RopeScaling.Divisors divisors -> Optional.empty();
            case RopeScaling.Dynamic dynamic -> Optional.empty();
            case RopeScaling.LongRope longrope -> Optional.empty();
            case RopeScaling.Relative relative -> Optional.empty();
        };
    }

    /// The inverse of `RopeScaling.Yarn.sharpening`: the scale for an attention factor, rounded to six decimals, since
    /// configs have values such as 0.707.
    static double scale(double factor, double sharpening) {
        return factor <= 1 ? 0 : Math.rint((sharpening - 1) / (0.1 * Math.log(factor)) * 1e6) / 1e6;
    }

    /// The tensors of LongRoPE.
    static Map<String, float[]> tensors(RopeScaling.LongRope rope) {
        return Map.of(FACTORS.getFirst(), floats(rope.within()), FACTORS.getLast(), floats(rope.beyond()));
    }

    private static float[] floats(RopeScaling.Divisors divisors) {
        float[] values = new float[divisors.divisors().size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = divisors.divisors().get(i);
        }
        return values;
    }

    /// The numbers of a tensor of divisors; none if there is no such tensor.
    static List<Float> divisors(Checkpoint checkpoint, String name) throws CheckpointException {
        List<Float> divisors = new ArrayList<>();
        if (checkpoint.names().contains(name)) {
            Tensor stored = checkpoint.tensor(name);
            float[] values = new float[Math.toIntExact(stored.size())];
            Decode.toFloats(stored, 0, values, 0, values.length);
            for (float value : values) {
                divisors.add(value);
            }
        }
        return divisors;
    }

    private static Optional<Float> unless(double value, double usual) {
        return (float) value == (float) usual ? Optional.empty() : Optional.of((float) value);
    }

    /// Reads the tensors of LongRoPE, or else `rope.scaling.*`.
    static GgufKeys scaling(GgufKeys keys, Checkpoint checkpoint) throws CheckpointException {
        if (!checkpoint.names().containsAll(FACTORS)) {
            return scaling(keys);
        }
        Map<String, Object> scaling = new HashMap<>(Map.of("rope_type", "longrope",
                "short_factor", divisors(checkpoint, FACTORS.getFirst()),
                "long_factor", divisors(checkpoint, FACTORS.getLast())));
        if (keys.has("rope.scaling.attn_factor")) {
            scaling.put("attention_factor", keys.number("rope.scaling.attn_factor"));
        }
        if (keys.has("rope.scaling.original_context_length")) {
            keys.put("original_max_position_embeddings", keys.integer("rope.scaling.original_context_length"));
        }
        return keys.put("rope_scaling", scaling);
    }

    /// Reads `rope.scaling.*`.
    static GgufKeys scaling(GgufKeys keys) throws CheckpointException {
        Optional<String> type = keys.text("rope.scaling.type").filter(t -> !t.equals("none"));
        if (type.isEmpty()) {
            return keys;
        }
        Map<String, Object> scaling = new HashMap<>();
        scaling.put("rope_type", type.get());
        if (keys.has("rope.scaling.factor")) {
            scaling.put("factor", keys.number("rope.scaling.factor"));
        }
        if (keys.has("rope.scaling.original_context_length")) {
            scaling.put("original_max_position_embeddings", keys.integer("rope.scaling.original_context_length"));
        }
        if (keys.has("rope.scaling.yarn_beta_fast")) {
            scaling.put("beta_fast", keys.number("rope.scaling.yarn_beta_fast"));
        }
        if (keys.has("rope.scaling.yarn_beta_slow")) {
            scaling.put("beta_slow", keys.number("rope.scaling.yarn_beta_slow"));
        }
        if (keys.has("rope.scaling.attn_factor") && scaling.get("factor") instanceof Double factor) {
            scaling.put("attention_factor",
                    keys.number("rope.scaling.attn_factor") * RopeScaling.Yarn.sharpening(factor, 1));
        } else if (keys.has("rope.scaling.yarn_attn_factor")) {
            // The converter copies it from the config.
            scaling.put("attention_factor", keys.number("rope.scaling.yarn_attn_factor"));
        }
        return keys.put("rope_scaling", scaling);
    }
}
