package glia.reason.policy.loss;

import java.util.Arrays;

/// What was chosen among all tokens of an update, for the rows of a micro-batch. A quantile or a mean of a micro-batch
/// is another than that of the update.
///
/// @param highEntropy whether each row is among those of high entropy; empty if all are
/// @param covariance whether each row is among those of high covariance that the loss treats differently; empty if the
///     loss has none
public record StepChoices(boolean[] highEntropy, boolean[] covariance) {
    /// Those of a micro-batch.
    ///
    /// @param from the first of its rows
    public StepChoices part(int from, int rows) {
        return new StepChoices(part(highEntropy, from, rows), part(covariance, from, rows));
    }

    private static boolean[] part(boolean[] all, int from, int rows) {
        return all.length == 0 ? all : Arrays.copyOfRange(all, from, from + rows);
    }
}
