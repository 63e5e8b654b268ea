package glia.reason.policy;

import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;

/// The clipped loss of PPO's value model:
///
/// > ½·aggregate(max((v - return)², (clip(v, old ± range) - return)²))
///
/// @param range how far a value counts beyond the old one: 0.2 in TRL, 0.5 in verl; ∞ for no clipping
/// @param aggregation of tokens
public record ValueLoss(double range, Aggregation aggregation) {
    /// @throws IllegalArgumentException if the range is negative
    public ValueLoss {
        if (!(range >= 0)) {
            throw new IllegalArgumentException("value clip range: found " + range + ", expected at least 0");
        }
    }

    /// What a micro-batch computed.
    ///
    /// @param loss `[1, 1]`
    /// @param losses of each row, before the factor ½
    /// @param clipped share of rows where the clipped value has the larger error
    public record Result(Value loss, Value losses, double clipped) { }

    /// The loss of values.
    ///
    /// @param values of each row, `[N, 1]`
    /// @param batch with values at generation and returns
    /// @throws IllegalArgumentException if there is not one of each for each row
    public Result of(Value values, RolloutColumns batch, Aggregation.Totals totals) {
        int rows = batch.numRows();
        double[] old = batch.required(Column.VALUE, "the value loss");
        double[] returns = batch.required(Column.RETURN, "the value loss");
        if (values.tensor().size() != rows) {
            throw new IllegalArgumentException("found " + values.tensor().size() + " values, expected " + rows);
        }
        Value target = values.constant(returns);
        Value errors = values.minus(target).square();
        Value losses = errors;
        double clipped = 0;
        if (!Double.isInfinite(range)) {
            double[] least = new double[rows];
            double[] most = new double[rows];
            for (int n = 0; n < rows; n++) {
                least[n] = old[n] - range;
                most[n] = old[n] + range;
            }
            Value near = values.max(values.constant(least)).min(values.constant(most));
            Value other = near.minus(target).square();
            losses = errors.max(other);
            for (int n = 0; n < rows; n++) {
                clipped += other.tensor().get(n) > errors.tensor().get(n) ? 1.0 / rows : 0;
            }
        }
        Value weights = values.constant(aggregation.weights(batch, totals));
        return new Result(losses.times(weights).sum().times(0.5), losses, clipped);
    }
}
