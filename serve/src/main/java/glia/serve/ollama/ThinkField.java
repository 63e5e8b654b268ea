package glia.serve.ollama;

import glia.engine.LanguageModel;
import glia.engine.thinking.ThinkingOptions;
import glia.serve.http.Exchange;
import glia.serve.request.Fields;
import glia.text.thinking.Effort;

/// The field `think`: true, false, or a level. Without it the model's template decides.
final class ThinkField {
    private ThinkField() { }

    /// @param exchange gets a header if thinking is requested of a model that does not think
    /// @throws glia.serve.request.ServeException if the value is none of these
    static ThinkingOptions read(Fields body, LanguageModel model, Exchange exchange) {
        Object value = body.value("think");
        boolean thinks = model.thinking().format().isPresent();
        Effort effort = switch (value) {
            case null -> null;
            case Boolean isOn -> isOn ? Effort.HIGH : Effort.INSTANT;
            case String level when level.equals("low") -> Effort.LOW;
            case String level when level.equals("medium") -> Effort.MEDIUM;
            case String level when level.equals("high") -> Effort.HIGH;
            default -> throw Fields.wrong("think", value, "true, false, low, medium or high");
        };
        if (effort == null || !thinks && effort == Effort.INSTANT) {
            return ThinkingOptions.DEFAULT;
        }
        if (!thinks) {
            exchange.warn("think: this model does not think");
            return ThinkingOptions.DEFAULT;
        }
        return ThinkingOptions.of(effort);
    }
}
