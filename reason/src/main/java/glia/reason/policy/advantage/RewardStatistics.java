package glia.reason.policy.advantage;

import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/// Statistics of the rewards of a batch, without those that do not apply.
///
/// @param mean NaN without rewards; exactly the reward if all are equal
/// @param std with n - 1, NaN for fewer than two rewards
public record RewardStatistics(double mean, double std) {
    /// The statistics of rewards.
    ///
    /// @param rewards of completions, NaN where none applies
    public static RewardStatistics of(double... rewards) {
        double[] numbers = Arrays.stream(rewards).filter(x -> !Double.isNaN(x)).toArray();
        double mean = numbers.length == 0 ? Double.NaN : numbers[0];
        double sum = 0;
        for (double x : numbers) {
            sum += x - numbers[0];
        }
        mean += sum / Math.max(1, numbers.length);
        double squares = 0;
        for (double x : numbers) {
            squares += (x - mean) * (x - mean);
        }
        return new RewardStatistics(mean, numbers.length < 2 ? Double.NaN
                : Math.sqrt(squares / (numbers.length - 1)));
    }

    /// The completions of each group that have a reward, in their order.
    static List<int[]> groups(RolloutColumns in, double... rewards) {
        double[] groups = in.required(Column.GROUP, "an estimator of groups");
        Map<Double, List<Integer>> members = new LinkedHashMap<>();
        for (int i = 0; i < groups.length; i++) {
            if (!Double.isNaN(rewards[i])) {
                members.computeIfAbsent(groups[i], g -> new ArrayList<>()).add(i);
            }
        }
        return members.values().stream().map(list -> list.stream().mapToInt(i -> i).toArray()).toList();
    }

    /// A number for each completion, computed group by group from its rewards; 0 for completions without a reward.
    static double[] byGroup(RolloutColumns in, double[] rewards, UnaryOperator<double[]> ofGroup) {
        double[] all = new double[rewards.length];
        for (int[] members : groups(in, rewards)) {
            double[] own = ofGroup.apply(Arrays.stream(members).mapToDouble(i -> rewards[i]).toArray());
            for (int m = 0; m < members.length; m++) {
                all[members[m]] = own[m];
            }
        }
        return all;
    }

    /// Rewards relative to the mean of the group; a lone completion keeps its reward.
    static double[] relative(RolloutColumns in, double... rewards) {
        return byGroup(in, rewards, own -> {
            double mean = own.length == 1 ? 0 : of(own).mean();
            return Arrays.stream(own).map(r -> r - mean).toArray();
        });
    }

    /// `(x - mean) / (std + ε)` of numbers, exactly 0 for those that equal the mean or are NaN, and for a lone one.
    static double[] standardized(double[] numbers, double epsilon) {
        RewardStatistics all = of(numbers);
        return Arrays.stream(numbers).map(x -> x - all.mean).map(d -> Double.isNaN(d) || d == 0
                || Double.isNaN(all.std) ? 0 : d / (all.std + epsilon)).toArray();
    }

    /// Statistics by which numbers of tokens are whitened: `(x - mean) / √(var + 1e-8)`, the variance with n - 1.
    ///
    /// @param variance with n - 1
    public record Whitening(double mean, double variance) {
        private static final double EPSILON = 1e-8;

        /// The statistics of numbers.
        ///
        /// @throws IllegalArgumentException if there are fewer than two
        public static Whitening of(double... numbers) {
            if (numbers.length < 2) {
                throw new IllegalArgumentException("whitening: found " + numbers.length
                        + " tokens, expected at least 2");
            }
            double count = numbers.length;
            double mean = 0;
            for (double x : numbers) {
                mean += x;
            }
            mean /= count + EPSILON;
            double squares = 0;
            for (double x : numbers) {
                squares += (x - mean) * (x - mean);
            }
            return new Whitening(mean, squares / (count + EPSILON) * count / (count - 1));
        }

        /// The normalized numbers.
        ///
        /// @param shiftsMean whether their mean becomes 0; else it stays
        public double[] apply(double[] numbers, boolean shiftsMean) {
            return Arrays.stream(numbers)
                    .map(x -> (x - mean) / Math.sqrt(variance + EPSILON) + (shiftsMean ? 0 : mean)).toArray();
        }

        /// Numbers whitened by their own statistics.
        static double[] white(double... numbers) {
            return of(numbers).apply(numbers, true);
        }
    }
}
