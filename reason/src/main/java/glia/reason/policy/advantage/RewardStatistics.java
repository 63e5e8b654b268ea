package glia.reason.policy.advantage;

import java.util.Arrays;

/// Statistics of the rewards of a batch, without those that do not apply.
///
/// @param mean NaN without rewards
/// @param std with n - 1, NaN for fewer than two rewards
public record RewardStatistics(double mean, double std) {
    private static final double ZERO = 1e-8;

    /// The statistics of rewards.
    ///
    /// @param rewards of completions, NaN where none applies
    public static RewardStatistics of(double... rewards) {
        double[] numbers = Groups.numbers(rewards);
        return new RewardStatistics(Groups.mean(numbers), Groups.std(numbers));
    }

    /// The standard deviation of the group of each completion, NaN for groups with fewer than two rewards.
    public static double[] groupStds(int[] groups, double... rewards) {
        double[] stds = new double[rewards.length];
        Arrays.fill(stds, Double.NaN);
        for (int[] members : Groups.members(groups, rewards)) {
            double std = Groups.std(Groups.pick(rewards, members));
            for (int i = 0; i < stds.length; i++) {
                if (groups[i] == groups[members[0]]) {
                    stds[i] = std;
                }
            }
        }
        return stds;
    }

    /// The share of standard deviations that are 0.
    public static double shareOfZeros(double... stds) {
        return (double) Arrays.stream(stds).filter(s -> Math.abs(s) <= ZERO).count() / Math.max(1, stds.length);
    }
}
