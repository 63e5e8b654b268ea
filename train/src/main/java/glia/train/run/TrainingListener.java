package glia.train.run;

import glia.train.checkpoint.CheckpointStore;
import java.util.List;
import java.util.Map;

/// Observes a run, on the thread of the run, between two steps.
public interface TrainingListener extends AutoCloseable {
    /// A step has ended.
    default void step(StepFigures figures) { }

    /// The model was validated after so many updates.
    default void validated(long step, double loss, boolean best) { }

    /// Further figures of the validation after so many updates by name, such as accuracies. Comes before `validated`.
    default void evaluated(long step, Map<String, Double> figures) { }

    /// Texts of a step with a value for each token, such as rollouts with their advantages.
    default void scored(long step, List<ScoredText> texts) { }

    /// Texts that the model continued after so many updates, by prompt.
    default void sampled(long step, Map<String, String> samples) { }

    /// Norms of parameters, their gradients and the like by name, such as `weight_norm/sublayers.3.query`; measured
    /// now and then.
    default void measured(long step, Map<String, Double> values) { }

    /// A checkpoint was saved.
    default void saved(CheckpointStore.Saved checkpoint) { }

    /// Something that the user should know about, such as a skipped step.
    default void warned(long step, String message) { }

    /// The run ended, was stopped or failed.
    @Override
    default void close() { }

    /// A text with a value for each token, such as its advantage. Reports color the tokens by it.
    ///
    /// @param title what it is, with its score, such as `reward 1`
    /// @param prompt the text before it; may be empty
    /// @param tokens the pieces of the text
    /// @param values the value of each token; NaN for tokens without one, such as those that an environment wrote
    record ScoredText(String title, String prompt, List<String> tokens, List<Double> values) {
        /// @throws IllegalArgumentException if there is not one value for each token
        public ScoredText {
            tokens = List.copyOf(tokens);
            values = List.copyOf(values);
            if (tokens.size() != values.size()) {
                throw new IllegalArgumentException(values.size() + " values for " + tokens.size() + " tokens");
            }
        }
    }

    /// What a step of a run measured.
    ///
    /// @param step updates so far, this one included
    /// @param loss the training loss before the update
    /// @param gradientNorm the norm of all gradients before clipping
    /// @param learningRate the rate of this update
    /// @param tokens tokens of this step
    /// @param tokensSeen tokens of all steps so far
    /// @param seconds the time of this step, without validation and checkpoints
    /// @param parts further figures by name; groups are separated by slashes, such as `experts/load_max`
    record StepFigures(long step, double loss, double gradientNorm, double learningRate, long tokens,
            long tokensSeen, double seconds, Map<String, Double> parts) {
        public StepFigures {
            parts = Map.copyOf(parts);
        }
    }
}
