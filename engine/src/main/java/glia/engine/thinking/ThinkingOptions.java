package glia.engine.thinking;

import glia.text.thinking.Effort;
import java.util.Optional;
import java.util.OptionalInt;

/// How much a model thinks before its answer.
///
/// @param effort sets the variables of the model's template and a default budget; empty for the template's default
///     without a budget
/// @param budget the most tokens of thinking: at this number the end marker is forced and the answer follows; replaces
///     the budget of the effort
/// @param minTokens the fewest tokens of thinking: until then "Wait" replaces the end marker
///     (https://arxiv.org/abs/2501.19393); 0 for none
public record ThinkingOptions(Optional<Effort> effort, OptionalInt budget, int minTokens) {
    /// The template's default, without limits.
    public static final ThinkingOptions DEFAULT = new ThinkingOptions(Optional.empty(), OptionalInt.empty(), 0);

    private static final int LOW_TOKENS = 1024;
    private static final int MEDIUM_TOKENS = 4096;
    private static final int HIGH_TOKENS = 32_768;

    /// @throws IllegalArgumentException if a number is negative, or the options contradict each other
    public ThinkingOptions {
        if (budget.isPresent() && budget.getAsInt() < 0) {
            throw new IllegalArgumentException("thinking budget: found " + budget.getAsInt()
                    + " tokens, expected 0 or more");
        }
        if (minTokens < 0) {
            throw new IllegalArgumentException("fewest tokens of thinking: found " + minTokens
                    + ", expected 0 or more");
        }
        if (budget.isPresent() && minTokens > budget.getAsInt()) {
            throw new IllegalArgumentException("fewest tokens of thinking: found " + minTokens
                    + ", expected at most the thinking budget of " + budget.getAsInt());
        }
        if (minTokens > 0 && effort.equals(Optional.of(Effort.INSTANT))) {
            throw new IllegalArgumentException("fewest tokens of thinking: found " + minTokens
                    + " with effort instant, which does not think; use effort low, medium or high");
        }
    }

    /// The options of an effort.
    public static ThinkingOptions of(Effort effort) {
        return DEFAULT.withEffort(effort);
    }

    public ThinkingOptions withEffort(Effort other) {
        return new ThinkingOptions(Optional.of(other), budget, minTokens);
    }

    public ThinkingOptions withBudget(int tokens) {
        return new ThinkingOptions(effort, OptionalInt.of(tokens), minTokens);
    }

    public ThinkingOptions withMinTokens(int tokens) {
        return new ThinkingOptions(effort, budget, tokens);
    }

    /// Whether anything is set.
    public boolean isDefault() {
        return equals(DEFAULT);
    }

    /// The budget of an effort in a context: `instant` 0, `low` an eighth of the context and at most 1,024, `medium`
    /// three eighths and at most 4,096, `high` three quarters and at most 32,768 tokens.
    ///
    /// @param contextLength the context in tokens
    /// @throws IllegalArgumentException for [Effort#AUTO]
    public static int defaultBudget(Effort effort, int contextLength) {
        return switch (effort) {
            case INSTANT -> 0;
            case LOW -> Math.min(LOW_TOKENS, contextLength / 8);
            case MEDIUM -> Math.min(MEDIUM_TOKENS, (int) (3L * contextLength / 8));
            case HIGH -> Math.min(HIGH_TOKENS, (int) (3L * contextLength / 4));
            case AUTO -> throw new IllegalArgumentException("effort auto has no budget of its own");
        };
    }
}
