package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/// Clip-Cov (https://arxiv.org/abs/2505.22617): some tokens whose covariance lies in a range do not learn, which keeps
/// the entropy up. The others have the clipped objective of PPO.
///
/// @param low how far the ratio may fall below 1
/// @param high how far it may rise above 1
/// @param share of all tokens that do not learn, at most all that are in the range; at least one
/// @param least lower end of the range
/// @param most upper end of the range
public record ClipCovariance(double low, double high, double share, double least, double most) implements PolicyLoss {
    /// @throws IllegalArgumentException if the share is not positive
    public ClipCovariance {
        PolicyLoss.requireAbove("share", share, 0);
    }

    @Override
    public boolean comparesTokens() {
        return true;
    }

    @Override
    public boolean[] highCovariance(RolloutColumns whole, double[] logProbs) {
        double[] advantages = whole.get(Column.ADVANTAGE);
        double[] old = whole.get(Column.OLD);
        double[] covariances = Covariance.of(whole, logProbs);
        List<Integer> candidates = new ArrayList<>();
        for (int n = 0; n < logProbs.length; n++) {
            double ratio = old.length == 0 ? 1
                    : Math.exp(Math.clamp(logProbs[n] - old[n], -LARGEST_EXPONENT, LARGEST_EXPONENT));
            boolean clipped = advantages[n] > 0 && ratio > 1 + high || advantages[n] < 0 && ratio < 1 - low;
            if (!clipped && covariances[n] > least && covariances[n] < most) {
                candidates.add(n);
            }
        }
        Collections.shuffle(candidates, new SplittableRandom(whole.seed()));
        boolean[] removed = new boolean[logProbs.length];
        candidates.stream().limit(Math.max(1, (int) (share * logProbs.length))).forEach(n -> removed[n] = true);
        return removed;
    }

    @Override
    public LossTerms of(LossInput in) {
        Value ratio = RatioLevel.TOKEN.ratio(in, -LARGEST_EXPONENT, LARGEST_EXPONENT);
        boolean[] removed = Covariance.chosen(this, in);
        double[] kept = new double[removed.length];
        Arrays.setAll(kept, n -> removed[n] ? 0 : 1);
        Value gains = in.advantages();
        Value losses = ratio.times(gains).min(ratio.clamp(1 - low, 1 + high).times(gains)).times(-1)
                .times(in.constant(kept));
        return LossTerms.ofRows(losses, ratio, false, ClipFigures.of(in.batch(), false, new boolean[kept.length],
                removed, new boolean[kept.length]));
    }
}
