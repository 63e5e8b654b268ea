package glia.serve.anthropic;

import glia.engine.thinking.ThinkingOptions;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.thinking.Effort;
import java.util.List;
import java.util.Optional;

/// How much a model thinks, by `thinking` and `output_config.effort`. Without either it does not think, as in
/// Anthropic's API.
///
/// @param options the engine's options
/// @param isOmitted whether thinking blocks have no text, only a signature
record ThinkingConfig(ThinkingOptions options, boolean isOmitted) {
    static final List<String> EFFORTS = List.of("low", "medium", "high", "xhigh", "max");
    static final List<String> TYPES = List.of("enabled", "adaptive", "disabled", "between_tools");

    /// @param effort `output_config.effort`
    /// @param thinks whether the model can think
    /// @param maxTokens the most tokens of the answer, which the budget is part of; 0 if they are not limited
    static ThinkingConfig read(Fields body, Optional<String> effort, boolean thinks, int maxTokens) {
        Optional<Fields> given = body.object("thinking");
        String type = given.isEmpty() ? effort.isPresent() && thinks ? "adaptive" : "disabled"
                : given.get().word("type").orElseThrow(() -> ServeException.badField("thinking.type",
                        "missing; expected one of " + String.join(", ", TYPES)));
        boolean isOmitted = given.isPresent() && given.get().word("display")
                .orElse("").equals("omitted");
        ThinkingOptions options = options(type, given, effort, thinks, maxTokens);
        given.ifPresent(Fields::end);
        return new ThinkingConfig(options, isOmitted);
    }

    private static ThinkingOptions options(String type, Optional<Fields> given, Optional<String> effort,
            boolean thinks, int maxTokens) {
        if (!thinks) {
            // Clients ask every model for it.
            given.ifPresent(fields -> fields.integer("budget_tokens"));
            return ThinkingOptions.DEFAULT;
        }
        if (type.equals("disabled") || type.equals("between_tools")) {
            return ThinkingOptions.of(Effort.INSTANT);
        }
        ThinkingOptions options = ThinkingOptions.of(effort.map(ThinkingConfig::effort).orElse(Effort.HIGH));
        if (type.equals("adaptive")) {
            return options;
        }
        int budget = given.orElseThrow().integer("budget_tokens").orElseThrow(() ->
                ServeException.badField("thinking.budget_tokens", "missing; expected a number of tokens"));
        if (maxTokens > 0 && budget >= maxTokens) {
            throw ServeException.badField("thinking.budget_tokens", "found " + budget
                    + ", expected less than max_tokens, " + maxTokens);
        }
        return options.withBudget(budget);
    }

    private static Effort effort(String word) {
        return switch (word) {
            case "low" -> Effort.LOW;
            case "medium" -> Effort.MEDIUM;
            default -> Effort.HIGH;
        };
    }

    /// The effort that `output_config` states.
    static Optional<String> effort(Fields outputConfig) {
        return outputConfig.word("effort");
    }
}
