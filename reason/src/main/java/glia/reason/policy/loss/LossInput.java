package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/// What a policy loss is computed from: recorded log-probabilities of the policy and the constants of the batch.
///
/// @param logProbs log-probability ℓ of each row under the policy, `[N, 1]`
/// @param batch whose rows of low entropy, if it says which these are, are masked by the caller
public record LossInput(Value logProbs, RolloutColumns batch) {
    /// @throws IllegalArgumentException if there is not one log-probability for each row
    public LossInput {
        Tensor t = logProbs.tensor();
        if (t.rows() != batch.numRows() || t.cols() != 1) {
            throw new IllegalArgumentException("log-probabilities: found " + t + ", expected one for each of "
                    + batch.numRows() + " rows");
        }
    }

    /// The share of each row in the mean over the kept rows of its sequence, 0 for others.
    double[] keptShares() {
        double[] shares = new double[batch.numRows()];
        Arrays.setAll(shares, n -> batch.isKept(n) ? 1 : 0);
        double[] counts = batch.sums(shares);
        Arrays.setAll(shares, n -> shares[n] / Math.max(1, counts[batch.sequences()[n]]));
        return shares;
    }

    /// d, ℓ minus the log-probability under the old policy; on-policy it is 0 with the gradient of ℓ.
    Value difference() {
        return logProbs.minus(batch.has(Column.OLD) ? logProbs.constant(batch.get(Column.OLD)) : logProbs.detached());
    }

    /// The numbers of `difference`.
    double[] differences() {
        double[] old = batch.get(Column.OLD);
        double[] d = logProbs.numbers();
        Arrays.setAll(d, n -> old.length == 0 ? 0 : d[n] - old[n]);
        return d;
    }

    /// The advantage of each row.
    Value advantages() {
        return logProbs.constant(batch.get(Column.ADVANTAGE));
    }

    /// The advantages of sequences or rows.
    double[] advantages(boolean perSequence) {
        return batch.get(perSequence ? Column.SEQUENCE_ADVANTAGE : Column.ADVANTAGE);
    }

    /// A constant for each row.
    Value constant(IntToDoubleFunction ofRow) {
        return logProbs.constant(IntStream.range(0, batch.numRows()).mapToDouble(ofRow).toArray());
    }

    /// Sums of rows by sequence.
    Value sequenceSums(Value rows) {
        return rows.groupSums(batch.sequences(), batch.numSequences());
    }

    /// Means of rows by sequence, 0 for a sequence without rows.
    Value sequenceMeans(Value rows) {
        return sequenceSums(rows).times(logProbs.constant(
                Arrays.stream(batch.lengths()).mapToDouble(length -> 1.0 / Math.max(1, length)).toArray()));
    }

    /// Repeats a value of sequences for each of their rows.
    Value rows(Value ofSequences) {
        return ofSequences.rows(batch.sequences());
    }
}
