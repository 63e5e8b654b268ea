package glia.train.run;

import glia.engine.training.TrainingPass;

/// Decides what happens when a loss or a gradient is not finite, or a loss is too large.
@FunctionalInterface
public interface NumberGuard {
    /// Ends the run at a loss or a gradient that is not finite.
    NumberGuard STOP = (pass, step, loss, norm) -> {
        if (Double.isFinite(loss) && Double.isFinite(norm)) {
            return NumberWatch.Verdict.UPDATE;
        }
        throw new TrainingException("step " + step + ": the loss is " + loss + " and the gradient norm " + norm
                + "; try a smaller learning rate, more warm-up steps or a smaller gradient norm");
    };

    /// Checks the numbers of a step before the update.
    ///
    /// @param pass holds the gradients
    /// @param step the number of the step, from 1
    /// @throws TrainingException if the run ends
    NumberWatch.Verdict check(TrainingPass pass, long step, double loss, double gradientNorm);
}
