package glia.check.reward;

import glia.check.reference.CaseResult;
import glia.io.CheckpointException;
import glia.reason.reward.FormatRewards;
import glia.reason.reward.Rewards;
import glia.reason.reward.Sample;
import glia.tensor.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/// The group `rewards`: TRL's reward functions of lengths, token ids and texts.
public final class RewardCases {
    private static final double TOLERANCE = 1e-12;

    private RewardCases() { }

    /// Runs the cases.
    ///
    /// @throws IOException if the folder's files cannot be read
    public static void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results)
            throws IOException {
        Path file = folder.resolve("cases.json");
        JsonNode cases = MathVerifyCases.read(file).path("cases");
        if (!cases.isArray()) {
            throw new CheckpointException(file, "cases", "expected a list of cases");
        }
        int index = 0;
        for (JsonNode one : cases) {
            results.accept(check(index++ + " " + one.path("function").asString("?"), one));
        }
    }

    private static CaseResult check(String id, JsonNode one) {
        try {
            OptionalDouble reward = compute(one);
            JsonNode expected = one.path("reward");
            boolean comparable = expected.isNumber() && reward.isPresent();
            return CaseResult.of(id, "reward", comparable ? Math.abs(reward.getAsDouble() - expected.asDouble())
                    : expected.isNull() && reward.isEmpty() ? 0 : Double.POSITIVE_INFINITY, TOLERANCE);
        } catch (IllegalArgumentException e) {
            return CaseResult.failed(id, e.getMessage());
        }
    }

    private static OptionalDouble compute(JsonNode one) {
        return switch (one.path("function").asString("")) {
            case "soft_overlong_punishment" -> Rewards.named("overlong", Map.of(
                    "max_length", integer(one, "max_completion_len"), "buffer", integer(one, "soft_punish_cache")))
                    .score(sample("", integer(one, "length"), Map.of()));
            case "cosine_scaled" -> Rewards.named("cosine", Map.of("of", "finished",
                    "max_length", integer(one, "max_len"), "wrong_short", number(one, "min_value_wrong"),
                    "wrong_long", number(one, "max_value_wrong"), "correct_long", number(one, "min_value_correct"),
                    "correct_short", number(one, "max_value_correct")))
                    .score(new Sample("", "", integer(one, "length"), required(one, "correct").asBoolean(), Map.of()));
            case "repetition_penalty" -> {
                List<Integer> ids = new ArrayList<>();
                required(one, "ids").forEach(id -> ids.add(id.asInt()));
                yield OptionalDouble.of(FormatRewards.repetitionPenalty(ids, integer(one, "ngram_size"),
                        number(one, "max_penalty")));
            }
            case "think_format" -> Rewards.named("think_format").score(sample(text(one, "text"), 0, Map.of()));
            case "accuracy", "reasoning_accuracy" -> Rewards.named("math", Map.of("strict", true, "thoughts",
                    one.path("function").asString().equals("accuracy") ? "included" : "required"))
                    .score(sample(text(one, "text"), 0, Map.of("answer", text(one, "gold"))));
            default -> throw new IllegalArgumentException("the function " + one.path("function") + " is not known");
        };
    }

    private static Sample sample(String text, int tokens, Map<String, Object> fields) {
        return new Sample("", text, tokens, true, fields);
    }

    private static JsonNode required(JsonNode one, String name) {
        if (!one.has(name)) {
            throw new IllegalArgumentException(name + " is missing, found " + one.propertyNames());
        }
        return one.get(name);
    }

    private static int integer(JsonNode one, String name) {
        return required(one, name).asInt();
    }

    private static double number(JsonNode one, String name) {
        return required(one, name).asDouble();
    }

    private static String text(JsonNode one, String name) {
        return required(one, name).asString();
    }
}
