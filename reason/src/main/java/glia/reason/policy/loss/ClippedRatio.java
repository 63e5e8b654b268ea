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
    private static final double NO_LIMIT = Double.POSITIVE_INFINITY;

    /// @throws IllegalArgumentException if a parameter is out of range
    public ClippedRatio {
        PolicyLoss.requireNotNegative("low", low);
        PolicyLoss.requireNotNegative("high", high);
        PolicyLoss.requireAbove("delta", delta, 0);
        PolicyLoss.requireAbove("dual clip", dualClip, 1);
    }

    /// Without further limits, as TRL computes it.
    public static ClippedRatio of(RatioLevel level, double low, double high) {
        return new ClippedRatio(level, low, high, NO_LIMIT, NO_LIMIT, -LARGEST_EXPONENT, LARGEST_EXPONENT);
    }

    @Override
    public boolean isPerSequence() {
        return level == RatioLevel.SEQUENCE_SUM;
    }

    @Override
    public LossTerms of(LossInput in) {
        Value ratio = level.ratio(in, leastExponent, mostExponent);
        Value limited = Double.isInfinite(delta) ? ratio : ratio.clamp(Double.NEGATIVE_INFINITY, delta);
        Value of = isPerSequence() ? ratio : level.rows(in, ratio);
        Value upTo = isPerSequence() ? limited : level.rows(in, limited);
        double[] advantages = in.advantages(isPerSequence());
        Value unbounded = losses(upTo, of.clamp(1 - low, 1 + high), of.constant(advantages));
        double[] bounds = new double[advantages.length];
        for (int i = 0; i < bounds.length; i++) {
            bounds[i] = advantages[i] < 0 ? -dualClip * advantages[i] : NO_LIMIT;
        }
        Value losses = Double.isInfinite(dualClip) ? unbounded : unbounded.min(of.constant(bounds));
        boolean perSequence = isPerSequence() || level.isPerSequence() && !in.batch().hasTokenAdvantages();
        double[] ratios = (perSequence ? limited : upTo).numbers();
        double[] gains = in.advantages(perSequence);
        ClipFigures figures = ClipFigures.of(in.batch(), perSequence, i -> ratios[i] < 1 - low && gains[i] < 0,
                i -> ratios[i] > 1 + high && gains[i] > 0,
                ClipFigures.share(bounds.length, i -> unbounded.tensor().get(i) > bounds[i]));
        return isPerSequence() ? LossTerms.ofSequences(losses, ratio, limited, figures)
                : new LossTerms(losses, false, Optional.of(ratio), Optional.of(limited), level.isPerSequence(),
                        figures);
    }

    /// `-min(ratio·A, clipped·A)`.
    static Value losses(Value ratio, Value clipped, Value advantages) {
        return ratio.times(advantages).min(clipped.times(advantages)).times(-1);
    }
}
