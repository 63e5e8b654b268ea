package glia.reason.preference.run;

import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.reason.preference.Scored;

/// A micro-batch of preferences with the loss on it.
interface PreferenceBatch {
    /// The sequences.
    TokenBatch tokens();

    /// What the loss is a mean over, such as the number of pairs.
    double weight();

    /// Computes what the loss needs besides the policy's predictions, such as log-probabilities under the reference
    /// model.
    void prepare(TrainingPass policy);

    /// The loss. Called once after `prepare`.
    Scored score(Predictions predictions);

    /// Micro-batches by number, each a pure function of it.
    @FunctionalInterface
    interface Source {
        PreferenceBatch batch(long index);
    }
}
