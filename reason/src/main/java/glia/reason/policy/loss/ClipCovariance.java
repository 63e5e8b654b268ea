package glia.reason.policy.loss;

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
    public LossTerms of(LossInput in) {
        Value ratio = RatioLevel.TOKEN.ratio(in, -LARGEST_EXPONENT, LARGEST_EXPONENT);
        double[] advantages = in.batch().advantages();
        double[] ratios = LossInput.numbers(ratio);
        double[] covariances = Covariance.of(in);
        List<Integer> candidates = new ArrayList<>();
        for (int n = 0; n < ratios.length; n++) {
            boolean clipped = advantages[n] > 0 && ratios[n] > 1 + high || advantages[n] < 0 && ratios[n] < 1 - low;
            if (!clipped && covariances[n] > least && covariances[n] < most) {
                candidates.add(n);
            }
        }
        Collections.shuffle(candidates, new SplittableRandom(in.batch().seed()));
        double[] kept = new double[ratios.length];
        Arrays.fill(kept, 1);
        boolean[] removed = new boolean[ratios.length];
        for (int i = 0; i < Math.min(candidates.size(), Math.max(1, (int) (share * ratios.length))); i++) {
            kept[candidates.get(i)] = 0;
            removed[candidates.get(i)] = true;
        }
        Value gains = in.advantages();
        Value losses = ratio.times(gains).min(ratio.clamp(1 - low, 1 + high).times(gains)).times(-1)
                .times(in.constant(kept));
        return LossTerms.ofRows(losses, ratio, false, ClipFigures.of(in.batch(), false, new boolean[ratios.length],
                removed, new boolean[ratios.length]));
    }
}
