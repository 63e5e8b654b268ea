package glia.train.run;

import glia.engine.training.TrainingPass;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/// What a run minimizes: the batches of each step and the loss on them. All of it is a pure function of the step, so
/// that a resumed run repeats the same batches.
public interface Objective {
    /// Computes the losses of a step's micro-batches and adds their gradients, scaled so that the sum is the gradient
    /// of the step's loss.
    ///
    /// @param step the index of the step, from 0
    StepLoss accumulate(TrainingPass pass, long step);

    /// Whether several ranks may train together: each of them computes its micro-batches, and the loss of the step is
    /// that of all ranks.
    default boolean isParallel() {
        return false;
    }

    /// Whether a run may resume after so many updates. If not, a checkpoint is saved at the next step at which it may:
    /// for objectives whose steps depend on something that earlier steps made, such as rollouts that serve several
    /// updates.
    default boolean canResumeAt(long step) {
        return true;
    }

    /// Generates rollouts for the ranks that update, until these have ended, on a rank that updates nothing.
    ///
    /// @return what they gave to `release`
    default boolean assist(TrainingPass pass) {
        throw new UnsupportedOperationException("there are no rollouts");
    }

    /// Ends `assist` on ranks that generate rollouts for this one.
    ///
    /// @param hasEnded whether the run has ended, and was not stopped
    default void release(TrainingPass pass, boolean hasEnded) { }

    /// The validation loss, by which checkpoints are compared; empty if there is no validation data.
    default OptionalDouble validate(TrainingPass pass) {
        return OptionalDouble.empty();
    }

    /// Whether the model before the first update is validated, too, and may be the best one.
    default boolean validatesFirst() {
        return false;
    }

    /// What decides between two validations of equal loss, such as the reward of equal accuracies; more is better.
    default double validationTie() {
        return 0;
    }

    /// Further figures of the last validation by name, such as accuracies.
    default Map<String, Double> validationFigures() {
        return Map.of();
    }

    /// The loss of a step.
    ///
    /// @param loss the mean over the step's rows, in nats for cross-entropies
    /// @param tokens the tokens that were computed
    /// @param parts further figures by name, such as parts of the loss or accuracies
    /// @param texts texts of the step to show, with a value for each token
    /// @param warnings what the user should know about, such as rewards that fail
    record StepLoss(double loss, long tokens, Map<String, Double> parts, List<TrainingListener.ScoredText> texts,
            List<String> warnings) {
        public StepLoss {
            parts = Map.copyOf(parts);
            texts = List.copyOf(texts);
            warnings = List.copyOf(warnings);
        }

        /// A loss without warnings.
        public StepLoss(double loss, long tokens, Map<String, Double> parts, List<TrainingListener.ScoredText> texts) {
            this(loss, tokens, parts, texts, List.of());
        }

        /// A loss without texts.
        public StepLoss(double loss, long tokens, Map<String, Double> parts) {
            this(loss, tokens, parts, List.of());
        }

        /// A loss without further figures.
        public static StepLoss of(double loss, long tokens) {
            return new StepLoss(loss, tokens, Map.of());
        }
    }
}
