package glia.model.family.gguf;

import glia.io.CheckpointException;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
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
            List.of(yarn(RopeGguf::ofAttention, "attn_factor",
                    yarn -> unless(yarn.attentionFactor() / RopeScaling.Yarn.sharpening(yarn.factor(), 1), 1))));

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
                            RopeScaling.Divisors _ -> Optional.empty();
                }),
                yarn(scaling, "original_context_length", yarn -> Optional.of(yarn.originalContext())),
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
        };
    }

    /// The inverse of `RopeScaling.Yarn.sharpening`: the scale for an attention factor, rounded to six decimals, since
    /// configs have values such as 0.707.
    static double scale(double factor, double sharpening) {
        return factor <= 1 ? 0 : Math.rint((sharpening - 1) / (0.1 * Math.log(factor)) * 1e6) / 1e6;
    }

    private static Optional<Float> unless(double value, double usual) {
        return (float) value == (float) usual ? Optional.empty() : Optional.of((float) value);
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
        }
        return keys.put("rope_scaling", scaling);
    }
}
