package glia.train.run;

import glia.engine.training.TrainingPass;
import java.util.Optional;

/// Decides what happens when a loss or a gradient is not finite.
@FunctionalInterface
public interface NumberGuard {
    /// Ends the run.
    NumberGuard STOP = (pass, step, loss, norm) -> {
        if (Double.isFinite(loss) && Double.isFinite(norm)) {
            return Optional.empty();
        }
        throw new TrainingException("step " + step + ": the loss is " + loss + " and the gradient norm " + norm
                + "; try a smaller learning rate, more warm-up steps or a smaller gradient norm");
    };

    /// Checks the numbers of a step before the update.
    ///
    /// @param step the number of the step, from 1
    /// @return why the update is skipped; empty if it is not
    /// @throws TrainingException if the run ends
    Optional<String> check(TrainingPass pass, long step, double loss, double gradientNorm);
}
