package glia.serve.openai;

import glia.engine.thinking.ThinkingOptions;
import glia.serve.request.Fields;
import glia.text.thinking.Effort;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// How much a model thinks, by the fields of a request: `reasoning_effort`, and `thinking_budget` in tokens.
final class ThinkingFields {
    /// The words for an effort.
    static final List<String> EFFORTS =
            List.of("none", "minimal", "instant", "low", "medium", "high", "xhigh", "auto");

    private ThinkingFields() { }

    /// @param thinks whether the model thinks; the words that only lower the effort are allowed without
    static ThinkingOptions read(Optional<String> effort, OptionalInt budget, boolean thinks) {
        ThinkingOptions options = ThinkingOptions.DEFAULT;
        if (effort.isPresent()) {
            Effort level = effort(effort.get());
            if (thinks || level != Effort.INSTANT) {
                options = options.withEffort(level);
            }
        }
        return budget.isPresent() ? options.withBudget(budget.getAsInt()) : options;
    }

    /// The effort of a request's body.
    static ThinkingOptions read(Fields body, boolean thinks) {
        return read(body.word("reasoning_effort"), body.integer("thinking_budget"),
                thinks);
    }

    private static Effort effort(String word) {
        return switch (word) {
            case "none", "minimal", "instant" -> Effort.INSTANT;
            case "low" -> Effort.LOW;
            case "medium" -> Effort.MEDIUM;
            case "high", "xhigh" -> Effort.HIGH;
            default -> Effort.AUTO;
        };
    }
}
