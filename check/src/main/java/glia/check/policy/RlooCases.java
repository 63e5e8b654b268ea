package glia.check.policy;

import glia.check.reference.CaseParams;
import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.reason.policy.Aggregation.SequenceMean;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.KlTerm;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.advantage.AdvantageEstimator.LeaveOneOut;
import glia.reason.policy.advantage.AdvantageEstimator.Lone;
import glia.reason.policy.advantage.RewardStatistics;
import glia.reason.policy.loss.ClipFigures;
import glia.reason.policy.loss.ClippedRatio;
import glia.reason.policy.loss.RatioLevel;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import glia.train.distillation.KlEstimator;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

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
    private static double[] scores(ReferenceCase c, int group) {
        double[] first = c.input("rewards").values().clone();
        if (c.id().startsWith("rloo-all-equal")) {
            Arrays.fill(first, 0.5);
        } else if (c.id().startsWith("rloo-unscorable")) {
            for (int i : new int[] {2, group, group + 1, group + 2}) {
                first[i] = Double.NaN;
            }
        }
        if (c.params().integer("reward_columns", 1) == 1) {
            return first;
        }
        double[] second = c.input("rewards2").values();
        return IntStream.range(0, 2 * first.length).mapToDouble(i -> i % 2 == 0 ? first[i / 2] : second[i / 2])
                .toArray();
    }

    private static double[] advantages(ReferenceCase c, CaseRows rows) {
        CaseParams p = c.params();
        int size = p.integer("num_generations", 2);
        RolloutColumns in = TrlAdvantages.scored(rows, p, size, scores(c, size));
        double[] outcomes = in.outcomes();
        c.compare("reward", RewardStatistics.of(outcomes).mean());
        c.compare("reward_std", RewardStatistics.of(outcomes).std());
        double[] range = p.numbers("reward_clip_range");
        double beta = p.number("beta", 0.05);
        double[] kl = beta == 0 ? new double[outcomes.length] : in.sums(new KlTerm(KlEstimator.K1, beta,
                KlTerm.Placement.REWARD).ofRows(in.with(Column.OLD, rows.of(c.input("logp_old")))
                .with(Column.REFERENCE, rows.of(c.input("logp_ref")))));
        for (int i = 0; i < outcomes.length; i++) {
            outcomes[i] = range.length == 2 ? Math.clamp(outcomes[i], range[0], range[1]) : outcomes[i];
            outcomes[i] -= beta * kl[i];
        }
        c.compareIfThere("kl", Arrays.stream(kl).sum() / Math.max(1, rows.numRows()));
        c.compare("frac_reward_zero_std", TrlAdvantages.shareOfZeros(TrlAdvantages.groupStds(size, outcomes)));
        return new LeaveOneOut(Lone.ZERO, p.flag("normalize_advantages", false)).of(outcomes, in);
    }

    /// The objective of TRL's parameters.
    static PolicyObjective objective(CaseParams p) {
        double low = p.number("epsilon_low", p.number("epsilon", 0.2));
        return PolicyObjective.of(ClippedRatio.of(RatioLevel.SEQUENCE_SUM, low, p.number("epsilon_high", low)),
                SequenceMean.ofMeans());
    }

    private static void loss(ReferenceCase c, CaseRows rows, double[] advantages) {
        PolicyObjective objective = objective(c.params());
        RolloutColumns batch = rows.columns().withSequenceAdvantages(advantages)
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
