package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import java.util.Optional;

/// GMPO (https://arxiv.org/abs/2507.20673): the geometric mean of the clipped ratios of a sequence, one loss for each.
///
/// > L = -exp(mean(clip(d)))·A, where log ratios d are cut at high for A > 0 and at -low for A < 0
///
/// The advantage of a sequence is that of [RolloutColumns#sequenceAdvantages]. Tokens of advantage 0 count as ratio 1.
///
/// @param low how far a log ratio may fall below 0, 0.4 in the paper
/// @param high how far it may rise above 0
public record GeometricMean(double low, double high) implements PolicyLoss {
    /// @throws IllegalArgumentException if a bound is negative
    public GeometricMean {
        PolicyLoss.requireAbove("low", low, -1e-300);
        PolicyLoss.requireAbove("high", high, -1e-300);
    }

    @Override
    public boolean isPerSequence() {
        return true;
    }

    @Override
    public LossTerms of(LossInput in) {
        Value d = in.difference();
        double[] advantages = in.batch().get(Column.ADVANTAGE);
        double[] largest = new double[advantages.length];
        double[] smallest = new double[advantages.length];
        double[] shares = in.keptShares();
        for (int n = 0; n < advantages.length; n++) {
            largest[n] = advantages[n] > 0 ? high : Double.POSITIVE_INFINITY;
            smallest[n] = advantages[n] < 0 ? -low : Double.NEGATIVE_INFINITY;
            shares[n] = advantages[n] == 0 ? 0 : shares[n];
        }
        Value clipped = d.min(in.constant(largest)).max(in.constant(smallest));
        Value ratio = in.sequenceSums(clipped.times(in.constant(shares))).exp();
        Value losses = ratio.times(in.constant(in.batch().get(Column.SEQUENCE_ADVANTAGE))).times(-1);
        return new LossTerms(losses, true, Optional.of(ratio), Optional.of(ratio), true, figures(in));
    }

    private ClipFigures figures(LossInput in) {
        double[] d = in.differences();
        double[] advantages = in.batch().get(Column.ADVANTAGE);
        boolean[] below = new boolean[d.length];
        boolean[] above = new boolean[d.length];
        for (int n = 0; n < d.length; n++) {
            below[n] = d[n] < -low && advantages[n] < 0;
            above[n] = d[n] > high && advantages[n] > 0;
        }
        return ClipFigures.of(in.batch(), false, below, above, new boolean[d.length]);
    }
}
