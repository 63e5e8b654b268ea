package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Losses that keep the entropy up by treating tokens of a high covariance `(A - mean A)·(ℓ - mean ℓ)` differently
/// (https://arxiv.org/abs/2505.22617): it is large where a likely token is rewarded, which lowers the entropy.
public sealed interface CovarianceLoss extends PolicyLoss {
    @Override
    default boolean comparesTokens() {
        return true;
    }

    /// The covariance of each token.
    private static double[] covariances(RolloutColumns batch, double... logProbs) {
        double[] advantages = batch.get(Column.ADVANTAGE);
        double meanLogProb = mean(logProbs);
        double meanAdvantage = mean(advantages);
        double[] covariances = new double[logProbs.length];
        Arrays.setAll(covariances, n -> (advantages[n] - meanAdvantage) * (logProbs[n] - meanLogProb));
        return covariances;
    }

    private static double mean(double... numbers) {
        double sum = 0;
        for (double x : numbers) {
            sum += x;
        }
        return sum / Math.max(1, numbers.length);
    }

    /// The tokens of high covariance: chosen among those of the update, or of this batch if it is the whole update.
    private static boolean[] chosen(CovarianceLoss loss, LossInput in) {
        return in.batch().has(Column.HIGH_COVARIANCE) ? in.batch().flags(Column.HIGH_COVARIANCE)
                : loss.highCovariance(in.batch(), in.logProbs().numbers());
    }

    private static boolean[] flags(int count, List<Integer> rows, double share) {
        boolean[] flags = new boolean[count];
        rows.stream().limit(Math.max(1, (int) (share * count))).forEach(n -> flags[n] = true);
        return flags;
    }

    /// Clip-Cov: some tokens whose covariance lies in a range do not learn. The others have the clipped objective of
    /// PPO.
    ///
    /// @param low how far the ratio may fall below 1
    /// @param high how far it may rise above 1
    /// @param share of all tokens that do not learn, at most all that are in the range; at least one
    /// @param least lower end of the range
    /// @param most upper end of the range
    record ClipCovariance(double low, double high, double share, double least, double most)
            implements CovarianceLoss {
        /// @throws IllegalArgumentException if the share is not positive
        public ClipCovariance {
            PolicyLoss.requireAbove("share", share, 0);
        }

        @Override
        public boolean[] highCovariance(RolloutColumns whole, double[] logProbs) {
            double[] advantages = whole.get(Column.ADVANTAGE);
            double[] old = whole.get(Column.OLD);
            double[] covariances = covariances(whole, logProbs);
            List<Integer> candidates = IntStream.range(0, logProbs.length).filter(n -> {
                double ratio = old.length == 0 ? 1
                        : Math.exp(Math.clamp(logProbs[n] - old[n], -LARGEST_EXPONENT, LARGEST_EXPONENT));
                boolean clipped = advantages[n] > 0 && ratio > 1 + high || advantages[n] < 0 && ratio < 1 - low;
                return !clipped && covariances[n] > least && covariances[n] < most;
            }).boxed().collect(Collectors.toList());
            Collections.shuffle(candidates, new SplittableRandom(whole.seed()));
            return flags(logProbs.length, candidates, share);
        }

        @Override
        public LossTerms of(LossInput in) {
            Value ratio = RatioLevel.TOKEN.ratio(in, -LARGEST_EXPONENT, LARGEST_EXPONENT);
            boolean[] removed = CovarianceLoss.chosen(this, in);
            Value losses = ClippedRatio.losses(ratio, ratio.clamp(1 - low, 1 + high), in.advantages())
                    .times(in.constant(n -> removed[n] ? 0 : 1));
            return LossTerms.ofRows(losses, ratio, false,
                    ClipFigures.of(in.batch(), false, n -> false, n -> removed[n], 0));
        }
    }

    /// KL-Cov: tokens of the largest covariance pay for their distance to the old policy.
    ///
    /// > L = -r·A, for those tokens + coefficient·|d|
    ///
    /// @param share of tokens that pay, at least one of them; 0.0002 in verl
    /// @param coefficient of the distance
    record KlCovariance(double share, double coefficient) implements CovarianceLoss {
        /// @throws IllegalArgumentException if the share is not in (0, 1]
        public KlCovariance {
            PolicyLoss.requireAbove("share", share, 0);
            if (share > 1) {
                throw new IllegalArgumentException("share: found " + share + ", expected at most 1");
            }
        }

        @Override
        public boolean[] highCovariance(RolloutColumns whole, double[] logProbs) {
            double[] covariances = covariances(whole, logProbs);
            return flags(logProbs.length, IntStream.range(0, logProbs.length).boxed()
                    .sorted(Comparator.comparingDouble(n -> -covariances[n])).toList(), share);
        }

        @Override
        public LossTerms of(LossInput in) {
            Value ratio = RatioLevel.TOKEN.ratio(in, -LARGEST_EXPONENT, LARGEST_EXPONENT);
            boolean[] pays = CovarianceLoss.chosen(this, in);
            Value losses = in.difference().abs().times(in.constant(n -> pays[n] ? coefficient : 0))
                    .minus(ratio.times(in.advantages()));
            return LossTerms.ofRows(losses, ratio, false, ClipFigures.NONE);
        }
    }
}
