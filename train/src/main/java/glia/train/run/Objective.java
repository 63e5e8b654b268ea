package glia.train.run;

import glia.engine.training.TrainingPass;
import java.util.OptionalDouble;

/// What a run minimizes: the batches of each step and the loss on them. All of it is a pure function of the step, so
/// that a resumed run repeats the same batches.
public interface Objective {
    /// Computes the losses of a step's micro-batches and adds their gradients, scaled so that the sum is the gradient
    /// of the step's loss.
    ///
    /// @param step the index of the step, from 0
    StepLoss accumulate(TrainingPass pass, long step);

    /// The validation loss, by which checkpoints are compared; empty if there is no validation data.
    default OptionalDouble validate(TrainingPass pass) {
        return OptionalDouble.empty();
    }
}
