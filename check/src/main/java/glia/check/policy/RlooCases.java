package glia.check.policy;

import glia.check.reference.CaseParams;
import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.reason.policy.Aggregation.SequenceMean;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.KlReward;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.advantage.AdvantageEstimator.LeaveOneOut;
import glia.reason.policy.advantage.AdvantageEstimator.Lone;
import glia.reason.policy.advantage.AdvantageInput;
import glia.reason.policy.advantage.RewardStatistics;
import glia.reason.policy.loss.ClipFigures;
import glia.reason.policy.loss.ClippedRatio;
import glia.reason.policy.loss.RatioLevel;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import glia.train.loss.KlEstimator;
import java.util.Arrays;
import java.util.Optional;

/// TRL's RLOO, from rewards to the loss.
public final class RlooCases {
    private RlooCases() { }

    public static void run(ReferenceCase c) {
        CaseTensor mask = TrlAdvantages.withoutTruncated(c.input("mask"), c.tensor("mask_used"),
                c.params().flag("mask_truncated_completions", false));
        c.compare("mask_used", mask.values());
        CaseRows rows = new CaseRows(mask);
        c.compare("advantages", advantages(c, rows));
        // The reference's own, which are F32: the sign of one that is 0 up to rounding decides what counts as
        // clipped.
        double[] advantages = c.tensor("advantages").values();
        loss(c, rows, advantages);
    }

    /// The reward columns. Those of the cases with equal or missing rewards are not stored but documented.
    private static double[][] scores(ReferenceCase c, int group) {
        double[] first = c.input("rewards").values().clone();
        if (c.id().startsWith("rloo-all-equal")) {
            Arrays.fill(first, 0.5);
        } else if (c.id().startsWith("rloo-unscorable")) {
            for (int i : new int[] {2, group, group + 1, group + 2}) {
                first[i] = Double.NaN;
            }
        }
        int columns = c.params().integer("reward_columns", 1);
        double[] second = columns > 1 ? c.input("rewards2").values() : first;
        double[][] scores = new double[first.length][];
        Arrays.setAll(scores, i -> columns > 1 ? new double[] {first[i], second[i]} : new double[] {first[i]});
        return scores;
    }

    private static double[] advantages(ReferenceCase c, CaseRows rows) {
        CaseParams p = c.params();
        int size = p.integer("num_generations", 2);
        double[][] scores = scores(c, size);
        double[] weights = TrlAdvantages.weights(p, scores[0].length);
        int[] groups = TrlAdvantages.groups(scores.length, size);
        AdvantageInput input = AdvantageInput.ofScores(groups, rows.mask(), scores, weights);
        double[] outcomes = input.outcomes();
        c.compare("reward", RewardStatistics.of(outcomes).mean());
        c.compare("reward_std", RewardStatistics.of(outcomes).std());
        double[] range = p.numbers("reward_clip_range");
        double beta = p.number("beta", 0.05);
        double[] kl = beta == 0 ? new double[outcomes.length] : KlReward.sums(KlEstimator.K1,
                rows.matrix(c.input("logp_old")), rows.matrix(c.input("logp_ref")), rows.mask());
        for (int i = 0; i < outcomes.length; i++) {
            outcomes[i] = range.length == 2 ? Math.clamp(outcomes[i], range[0], range[1]) : outcomes[i];
            outcomes[i] -= beta * kl[i];
        }
        c.compareIfThere("kl", Arrays.stream(kl).sum() / Math.max(1, rows.numRows()));
        c.compare("frac_reward_zero_std",
                RewardStatistics.shareOfZeros(TrlAdvantages.groupStds(groups, size, outcomes)));
        return new LeaveOneOut(Lone.ZERO, p.flag("normalize_advantages", false)).of(outcomes, input);
    }

    /// The objective of TRL's parameters.
    static PolicyObjective objective(CaseParams p) {
        double low = p.number("epsilon_low", p.number("epsilon", 0.2));
        return PolicyObjective.of(ClippedRatio.of(RatioLevel.SEQUENCE_SUM, low, p.number("epsilon_high", low)),
                SequenceMean.ofMeans());
    }

    private static void loss(ReferenceCase c, CaseRows rows, double[] advantages) {
        PolicyObjective objective = objective(c.params());
        RolloutColumns batch = RolloutColumns.ofSequences(rows.sequences(), advantages)
                .with(Column.OLD, rows.of(c.input("logp_old")));
        Value logProbs = rows.variable(c, "logp", c.input("logp_new"));
        Value entropies = rows.variable(c, "entropy", c.input("entropy"));
        PolicyObjective.Result result = objective.evaluate(logProbs, Optional.of(entropies), batch,
                Totals.of(batch, objective.aggregation()));
        c.compare("per_sequence_loss", CaseRows.numbers(result.losses()));
        c.compare("coef_1", CaseRows.numbers(result.terms().ratio().orElseThrow()));
        c.compare("entropy", result.figures().entropy());
        ClipFigures clip = result.figures().clip();
        GrpoCases.clip(c, clip, false);
        c.compareLoss(result.loss());
        c.compare("grad_logp", c.gradient("logp"));
    }
}
