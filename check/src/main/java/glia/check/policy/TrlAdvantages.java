package glia.check.policy;

import glia.check.reference.CaseParams;
import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative.Scale;
import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative;
import glia.reason.policy.advantage.AdvantageEstimator.RewardDecoupled;
import glia.reason.policy.advantage.AdvantageEstimator;
import glia.reason.policy.advantage.RewardStatistics;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import java.util.Arrays;

/// TRL's advantages from rewards.
final class TrlAdvantages {
    private TrlAdvantages() { }

    /// Completions in groups of this size with their scores.
    ///
    /// @param scores `[completions][K]`
    static RolloutColumns scored(CaseRows rows, CaseParams p, int size, double... scores) {
        double[] groups = new double[rows.numSequences()];
        Arrays.setAll(groups, i -> i / size);
        return rows.columns().with(Column.GROUP, groups).with(Column.SCORES, scores)
                .with(Column.SCORE_WEIGHTS, weights(p, scores.length / Math.max(1, groups.length)));
    }

    /// The weights of reward columns, 1 where none are given.
    private static double[] weights(CaseParams params, int columns) {
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
        int size = p.integer("num_generations", 8);
        RolloutColumns in = scored(rows, p, size, c.tensor("rewards_per_func").values());
        String aggregation = p.text("multi_objective_aggregation", "sum_then_normalize");
        Scale scale = scale(p.text("scale_rewards", "group"));
        AdvantageEstimator estimator = switch (aggregation) {
            case "sum_then_normalize" -> GroupRelative.of(scale);
            case "normalize_then_sum" -> RewardDecoupled.overCompletions();
            default -> throw new IllegalArgumentException("multi_objective_aggregation: found \"" + aggregation
                    + "\", expected sum_then_normalize or normalize_then_sum");
        };
        c.compare("advantages", estimator.of(in).get(Column.SEQUENCE_ADVANTAGE));
        double[] stds;
        if (estimator instanceof RewardDecoupled rule) {
            stds = ofBatch(rule.sums(in));
        } else {
            stds = scale == Scale.BATCH ? ofBatch(in.outcomes()) : groupStds(size, in.outcomes());
        }
        c.compare("std_rewards", stds);
        c.compare("loss_mask", mask.values());
        c.compare("num_items_in_batch", rows.numRows());
        RewardStatistics statistics = RewardStatistics.of(in.outcomes());
        c.compare("reward", statistics.mean());
        c.compare("reward_std", statistics.std());
        c.compare("frac_reward_zero_std", shareOfZeros(stds));
    }

    /// The standard deviation of each completion's group, NaN for groups with fewer than two rewards; TRL takes 0 where
    /// groups have one completion.
    static double[] groupStds(int size, double[] rewards) {
        double[] stds = new double[rewards.length];
        for (int i = 0; i < stds.length && size > 1; i++) {
            int from = i / size * size;
            stds[i] = RewardStatistics.of(Arrays.copyOfRange(rewards, from, Math.min(stds.length, from + size))).std();
        }
        return stds;
    }

    /// The share of standard deviations that are 0.
    static double shareOfZeros(double... stds) {
        return (double) Arrays.stream(stds).filter(s -> Math.abs(s) <= 1e-8).count() / Math.max(1, stds.length);
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
