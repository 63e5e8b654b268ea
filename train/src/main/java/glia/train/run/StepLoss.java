package glia.train.run;

import java.util.Map;

/// The loss of a step.
///
/// @param loss the mean over the step's rows, in nats for cross-entropies
/// @param tokens the tokens that were computed
/// @param parts further figures by name, such as parts of the loss or accuracies
public record StepLoss(double loss, long tokens, Map<String, Double> parts) {
    public StepLoss {
        parts = Map.copyOf(parts);
    }

    /// A loss without further figures.
    public static StepLoss of(double loss, long tokens) {
        return new StepLoss(loss, tokens, Map.of());
    }
}
