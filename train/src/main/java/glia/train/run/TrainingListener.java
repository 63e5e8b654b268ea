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
}
