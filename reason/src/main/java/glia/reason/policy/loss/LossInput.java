package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;

/// What a policy loss is computed from: recorded log-probabilities of the policy and the constants of the batch.
///
/// @param logProbs log-probability ℓ of each row under the policy, `[N, 1]`
/// @param kept whether each row has a policy loss; empty if all have. Losses of rows are masked by the caller.
public record LossInput(Value logProbs, RolloutColumns batch, boolean... kept) {
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
        for (int n = 0; n < shares.length; n++) {
            shares[n] = kept.length == 0 || kept[n] ? 1 : 0;
        }
        double[] counts = batch.sums(shares);
        for (int n = 0; n < shares.length; n++) {
            shares[n] /= Math.max(1, counts[batch.sequences()[n]]);
        }
        return shares;
    }

    /// ℓ minus the log-probability under the old policy; on-policy it is 0 with the gradient of ℓ.
    Value difference() {
        return logProbs.minus(batch.has(Column.OLD) ? constant(batch.get(Column.OLD)) : logProbs.detached());
    }

    /// The numbers of `difference`.
    double[] differences() {
        double[] d = numbers(logProbs);
        for (int n = 0; n < d.length; n++) {
            d[n] = batch.get(Column.OLD).length == 0 ? 0 : d[n] - batch.get(Column.OLD)[n];
        }
        return d;
    }

    /// The advantage of each row.
    Value advantages() {
        return constant(batch.get(Column.ADVANTAGE));
    }

    /// The advantages of sequences or rows.
    double[] advantages(boolean perSequence) {
        return perSequence ? batch.get(Column.SEQUENCE_ADVANTAGE) : batch.get(Column.ADVANTAGE);
    }

    /// A column of constants.
    Value constant(double... numbers) {
        float[] floats = new float[numbers.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) numbers[i];
        }
        return logProbs.constant(floats);
    }

    /// Sums of rows by sequence.
    Value sequenceSums(Value rows) {
        return rows.groupSums(batch.sequences(), batch.numSequences());
    }

    /// Means of rows by sequence, 0 for a sequence without rows.
    Value sequenceMeans(Value rows) {
        int[] lengths = batch.lengths();
        double[] shares = new double[lengths.length];
        for (int s = 0; s < shares.length; s++) {
            shares[s] = 1.0 / Math.max(1, lengths[s]);
        }
        return sequenceSums(rows).times(constant(shares));
    }

    /// Repeats a value of sequences for each of their rows.
    Value rows(Value ofSequences) {
        return ofSequences.rows(batch.sequences());
    }

    /// The numbers of a column.
    static double[] numbers(Value column) {
        double[] numbers = new double[Math.toIntExact(column.tensor().size())];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = column.tensor().get(i);
        }
        return numbers;
    }
}
