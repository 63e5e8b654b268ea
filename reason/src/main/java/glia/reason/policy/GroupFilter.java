package glia.reason.policy;

import java.util.Arrays;
import java.util.stream.IntStream;

/// Which groups of completions are worth a training step (dynamic sampling of DAPO, https://arxiv.org/abs/2503.14476):
/// those whose rewards differ. Groups of equal rewards have no advantage; more prompts are sampled in their place.
public final class GroupFilter {
    private GroupFilter() { }

    /// The completions of groups whose rewards differ, in their order.
    ///
    /// @param groups the group of each completion
    /// @param rewards of completions, NaN where none applies
    public static int[] informative(int[] groups, double... rewards) {
        int most = Arrays.stream(groups).max().orElse(-1);
        double[] least = new double[most + 1];
        double[] greatest = new double[most + 1];
        Arrays.fill(least, Double.POSITIVE_INFINITY);
        Arrays.fill(greatest, Double.NEGATIVE_INFINITY);
        for (int i = 0; i < groups.length; i++) {
            if (!Double.isNaN(rewards[i])) {
                least[groups[i]] = Math.min(least[groups[i]], rewards[i]);
                greatest[groups[i]] = Math.max(greatest[groups[i]], rewards[i]);
            }
        }
        return IntStream.range(0, groups.length)
                .filter(i -> least[groups[i]] < greatest[groups[i]]).toArray();
    }
}
