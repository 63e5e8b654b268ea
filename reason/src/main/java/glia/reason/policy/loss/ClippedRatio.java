package glia.reason.policy.loss;

import glia.tensor.autograd.Value;
import java.util.Optional;

/// The clipped objective of PPO (https://arxiv.org/abs/1707.06347), of tokens or sequences:
///
/// > L = -min(min(r, δ)·A, clip(r, 1 - low, 1 + high)·A), for A < 0 at most -c·A
///
/// A wider range above than below is DAPO's clip-higher (https://arxiv.org/abs/2503.14476); a ratio of sequences is
/// GSPO's.
///
/// @param level of what the ratio is taken
/// @param low how far the ratio may fall below 1
/// @param high how far it may rise above 1
/// @param delta upper limit of the unclipped ratio (two-sided clipping of INTELLECT-2,
///     https://arxiv.org/abs/2505.07291), ∞ for none
/// @param dualClip c, the largest ratio for negative advantages (https://arxiv.org/abs/1912.09729), ∞ for none
/// @param leastExponent lower bound of the log ratio
/// @param mostExponent upper bound of the log ratio
public record ClippedRatio(RatioLevel level, double low, double high, double delta, double dualClip,
        double leastExponent, double mostExponent) implements PolicyLoss {
    /// @throws IllegalArgumentException if a parameter is out of range
    public ClippedRatio {
        PolicyLoss.requireAbove("low", low, -1e-300);
        PolicyLoss.requireAbove("high", high, -1e-300);
        PolicyLoss.requireAbove("delta", delta, 0);
        PolicyLoss.requireAbove("dual clip", dualClip, 1);
    }

    /// Without further limits, as TRL computes it.
    public static ClippedRatio of(RatioLevel level, double low, double high) {
        return new ClippedRatio(level, low, high, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY,
                -LARGEST_EXPONENT, LARGEST_EXPONENT);
    }

    /// With another limit of the unclipped ratio.
    public ClippedRatio withDelta(double limit) {
        return new ClippedRatio(level, low, high, limit, dualClip, leastExponent, mostExponent);
    }

    /// With another largest ratio for negative advantages.
    public ClippedRatio withDualClip(double limit) {
        return new ClippedRatio(level, low, high, delta, limit, leastExponent, mostExponent);
    }

    /// With other bounds of the log ratio.
    public ClippedRatio withExponents(double least, double most) {
        return new ClippedRatio(level, low, high, delta, dualClip, least, most);
    }

    @Override
    public boolean isPerSequence() {
        return level == RatioLevel.SEQUENCE_SUM;
    }

    @Override
    public LossTerms of(LossInput in) {
        Value ratio = level.ratio(in, leastExponent, mostExponent);
        Value limited = Double.isInfinite(delta) ? ratio : ratio.clamp(Double.NEGATIVE_INFINITY, delta);
        boolean spread = level.isPerSequence() && !isPerSequence();
        Value of = spread ? in.rows(ratio) : ratio;
        Value upTo = spread ? in.rows(limited) : limited;
        double[] advantages = in.advantages(isPerSequence());
        Value gains = in.constant(advantages);
        Value losses = upTo.times(gains).min(of.clamp(1 - low, 1 + high).times(gains)).times(-1);
        boolean[] further = new boolean[advantages.length];
        if (!Double.isInfinite(dualClip)) {
            double[] bounds = new double[advantages.length];
            for (int i = 0; i < bounds.length; i++) {
                bounds[i] = advantages[i] < 0 ? -dualClip * advantages[i] : Double.POSITIVE_INFINITY;
                further[i] = advantages[i] < 0 && losses.tensor().get(i) > bounds[i];
            }
            losses = losses.min(in.constant(bounds));
        }
        boolean perSequence = isPerSequence() || level.isPerSequence() && !in.batch().hasTokenAdvantages();
        ClipFigures figures = figures(in, perSequence, LossInput.numbers(perSequence ? limited : upTo), further);
        return new LossTerms(losses, isPerSequence(), Optional.of(ratio), Optional.of(limited), level.isPerSequence(),
                figures);
    }

    private ClipFigures figures(LossInput in, boolean perSequence, double[] ratios, boolean[] further) {
        double[] advantages = in.advantages(perSequence);
        boolean[] below = new boolean[ratios.length];
        boolean[] above = new boolean[ratios.length];
        for (int i = 0; i < ratios.length; i++) {
            below[i] = ratios[i] < 1 - low && advantages[i] < 0;
            above[i] = ratios[i] > 1 + high && advantages[i] > 0;
        }
        return ClipFigures.of(in.batch(), perSequence, below, above, further);
    }
}
