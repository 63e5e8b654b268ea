package glia.train.run;

import glia.engine.training.TrainingPass;
import java.util.List;
import java.util.Map;

/// The loss of a step.
///
/// @param loss the mean over the step's rows, in nats for cross-entropies
/// @param tokens the tokens that were computed
/// @param parts further figures by name, such as parts of the loss or accuracies
/// @param texts texts of the step to show, with a value for each token
/// @param warnings what the user should know about, such as rewards that fail
public record StepLoss(double loss, long tokens, Map<String, Double> parts, List<ScoredText> texts,
        List<String> warnings) {
    public StepLoss {
        parts = Map.copyOf(parts);
        texts = List.copyOf(texts);
        warnings = List.copyOf(warnings);
    }

    /// A loss without warnings.
    public StepLoss(double loss, long tokens, Map<String, Double> parts, List<ScoredText> texts) {
        this(loss, tokens, parts, texts, List.of());
    }

    /// A loss without texts.
    public StepLoss(double loss, long tokens, Map<String, Double> parts) {
        this(loss, tokens, parts, List.of());
    }

    /// The loss and the tokens of all ranks, with the rest of this one.
    StepLoss total(TrainingPass pass) {
        return new StepLoss(pass.total(loss), (long) pass.total(tokens), parts, texts, warnings);
    }

    /// A loss without further figures.
    public static StepLoss of(double loss, long tokens) {
        return new StepLoss(loss, tokens, Map.of());
    }
}
