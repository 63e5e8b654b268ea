package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import java.util.Arrays;
import java.util.Comparator;

/// KL-Cov (https://arxiv.org/abs/2505.22617): tokens of the largest covariance pay for their distance to the old
/// policy, which keeps the entropy up.
///
/// > L = -r·A, for those tokens + coefficient·|d|
///
/// @param share of tokens that pay, at least one of them; 0.0002 in verl
/// @param coefficient of the distance
public record KlCovariance(double share, double coefficient) implements PolicyLoss {
    /// @throws IllegalArgumentException if the share is not in (0, 1]
    public KlCovariance {
        PolicyLoss.requireAbove("share", share, 0);
        if (share > 1) {
            throw new IllegalArgumentException("share: found " + share + ", expected at most 1");
        }
    }

    @Override
    public boolean comparesTokens() {
        return true;
    }

    @Override
    public boolean[] highCovariance(RolloutColumns whole, double[] logProbs) {
        double[] covariances = Covariance.of(whole, logProbs);
        Integer[] order = new Integer[covariances.length];
        Arrays.setAll(order, n -> n);
        Arrays.sort(order, Comparator.comparingDouble(n -> -covariances[n]));
        boolean[] pays = new boolean[order.length];
        Arrays.stream(order).limit(Math.max(1, (int) (order.length * share))).forEach(n -> pays[n] = true);
        return pays;
    }

    @Override
    public LossTerms of(LossInput in) {
        Value ratio = RatioLevel.TOKEN.ratio(in, -LARGEST_EXPONENT, LARGEST_EXPONENT);
        boolean[] pays = Covariance.chosen(this, in);
        double[] coefficients = new double[pays.length];
        Arrays.setAll(coefficients, n -> pays[n] ? coefficient : 0);
        Value losses = in.difference().abs().times(in.constant(coefficients)).minus(ratio.times(in.advantages()));
        return LossTerms.ofRows(losses, ratio, false, ClipFigures.NONE);
    }
}
