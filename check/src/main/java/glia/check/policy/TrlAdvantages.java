package glia.check.policy;

import glia.check.reference.CaseParams;
import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative.Scale;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative;
import glia.reason.policy.advantage.AdvantageEstimator;
import glia.reason.policy.advantage.AdvantageInput;
import glia.reason.policy.advantage.RewardDecoupled;
import glia.reason.policy.advantage.RewardStatistics;
import java.util.Arrays;

/// TRL's advantages from rewards.
final class TrlAdvantages {
    private TrlAdvantages() { }

    /// The number of the group of each completion.
    static int[] groups(int count, int size) {
        int[] groups = new int[count];
        Arrays.setAll(groups, i -> i / size);
        return groups;
    }

    /// The weights of reward columns, 1 where none are given.
    static double[] weights(CaseParams params, int columns) {
        double[] weights = params.numbers("reward_weights");
        if (weights.length == 0) {
            weights = new double[columns];
            Arrays.fill(weights, 1);
        }
        if (weights.length != columns || params.integer("reward_columns", columns) != columns) {
            throw new IllegalArgumentException("reward_weights: found " + weights.length + " weights and "
                    + params.integer("reward_columns", columns) + " columns for " + columns + " columns of rewards");
        }
        return weights;
    }

    /// The mask without completions that do not end by themselves. Which they are is said only by the resulting mask
    /// of the reference, in which their rows are empty.
    static CaseTensor withoutTruncated(CaseTensor mask, CaseTensor result, boolean masksTruncated) {
        int width = mask.dim(1);
        double[] kept = mask.values().clone();
        for (int from = 0; masksTruncated && from < kept.length; from += width) {
            if (Arrays.stream(result.values(), from, from + width).sum() == 0) {
                Arrays.fill(kept, from, from + width, 0);
            }
        }
        return new CaseTensor(mask.dtype(), mask.shape(), kept);
    }

    static void grpo(ReferenceCase c) {
        CaseParams p = c.params();
        CaseTensor mask = withoutTruncated(c.input("mask"), c.tensor("loss_mask"),
                p.flag("mask_truncated_completions", false));
        CaseRows rows = new CaseRows(mask);
        CaseTensor scores = c.tensor("rewards_per_func");
        int count = scores.dim(0);
        int columns = scores.values().length / count;
        double[][] matrix = new double[count][];
        Arrays.setAll(matrix, i -> Arrays.copyOfRange(scores.values(), i * columns, (i + 1) * columns));
        int[] groups = groups(count, p.integer("num_generations", 8));
        AdvantageInput input = AdvantageInput.ofScores(groups, rows.mask(), matrix, weights(p, columns));
        String aggregation = p.text("multi_objective_aggregation", "sum_then_normalize");
        Scale scale = scale(p.text("scale_rewards", "group"));
        AdvantageEstimator estimator = switch (aggregation) {
            case "sum_then_normalize" -> GroupRelative.of(scale);
            case "normalize_then_sum" -> RewardDecoupled.overCompletions();
            default -> throw new IllegalArgumentException("multi_objective_aggregation: found \"" + aggregation
                    + "\", expected sum_then_normalize or normalize_then_sum");
        };
        c.compare("advantages", estimator.of(input).sequences());
        double[] stds;
        if (estimator instanceof RewardDecoupled rule) {
            stds = ofBatch(rule.sums(input));
        } else {
            stds = scale == Scale.BATCH ? ofBatch(input.outcomes())
                    : groupStds(groups, p.integer("num_generations", 8), input.outcomes());
        }
        c.compare("std_rewards", stds);
        c.compare("loss_mask", mask.values());
        c.compare("num_items_in_batch", rows.numRows());
        RewardStatistics statistics = RewardStatistics.of(input.outcomes());
        c.compare("reward", statistics.mean());
        c.compare("reward_std", statistics.std());
        c.compare("frac_reward_zero_std", RewardStatistics.shareOfZeros(stds));
    }

    /// The standard deviation of each completion's group; TRL takes 0 where groups have one completion.
    static double[] groupStds(int[] groups, int size, double[] rewards) {
        return size == 1 ? new double[rewards.length] : RewardStatistics.groupStds(groups, rewards);
    }

    /// The standard deviation of all rewards; TRL takes 0 for a batch of one completion.
    private static double[] ofBatch(double[] rewards) {
        double[] stds = new double[rewards.length];
        Arrays.fill(stds, rewards.length == 1 ? 0 : RewardStatistics.of(rewards).std());
        return stds;
    }

    private static Scale scale(String name) {
        return switch (name) {
            case "group" -> Scale.GROUP;
            case "batch" -> Scale.BATCH;
            case "none" -> Scale.NONE;
            default -> throw new IllegalArgumentException("scale_rewards: found \"" + name
                    + "\", expected group, batch or none");
        };
    }
}
