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

    /// @param thinks whether the model thinks; without, effort and budget have no effect
    static ThinkingOptions read(Optional<String> effort, OptionalInt budget, boolean thinks) {
        ThinkingOptions options = ThinkingOptions.DEFAULT;
        if (!thinks) {
            return options;
        }
        if (effort.isPresent()) {
            options = options.withEffort(effort(effort.get()));
        }
        return budget.isPresent() ? options.withBudget(budget.getAsInt()) : options;
    }

    /// The effort of a request's body.
    static ThinkingOptions read(Fields body, boolean thinks) {
        Optional<Fields> thinking = body.object("thinking");
        Optional<String> type = thinking.flatMap(fields -> fields.word("type"));
        OptionalInt budget = body.integer("thinking_budget");
        OptionalInt other = thinking.map(fields -> fields.integer("budget_tokens")).orElse(OptionalInt.empty());
        boolean isOff = type.filter("disabled"::equals).isPresent() || !body.flag("enable_thinking");
        Optional<String> effort = body.word("reasoning_effort").or(() -> isOff ? Optional.of("none")
                : type.filter("enabled"::equals).map(_ -> "high"));
        return read(effort, budget.isPresent() ? budget : other, thinks);
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
