package glia.check.reference;

import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.train.run.LossBatch;

/// A kind of training run in the group `steps`: supervised fine-tuning, policy optimization, preferences.
public interface RunKind {
    /// Whether a run is of this kind.
    ///
    /// @param name the name of its files, such as `sft-full`
    boolean accepts(String name);

    /// Reads what a run minimizes.
    ///
    /// @param params all parameters but those of the optimizer; one that is not read here fails the run
    /// @param tensors the tensors of the run
    /// @param start a pass of the model before the first step, for log-probabilities of a reference policy
    /// @throws CheckpointException if a tensor does not fit
    /// @throws IllegalArgumentException if a parameter is not supported
    Steps open(CaseParams params, RunTensors tensors, TrainingPass start) throws CheckpointException;

    /// The steps of a run.
    @FunctionalInterface
    interface Steps {
        /// The batch of a step, without padding, and the loss on it.
        ///
        /// @throws CheckpointException if a tensor is missing or does not fit
        LossBatch step(int index) throws CheckpointException;
    }
}
