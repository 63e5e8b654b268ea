package glia.check.policy;

import glia.check.reference.CaseParams;
import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.reason.policy.Aggregation.SequenceMean;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.KlTerm;
import glia.reason.policy.PolicyObjective.EntropyBonus;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.TokenMasks;
import glia.reason.policy.loss.PolicyLoss.GeometricMean;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import glia.train.distillation.KlEstimator;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/// TRL's GMPO.
public final class GmpoCases {
    private GmpoCases() { }

    private static CaseTensor mask(ReferenceCase c) {
        CaseTensor mask = c.input(c.params().flag("truncated", false) ? "mask_truncated" : "mask");
        double[] kept = mask.values().clone();
        if (c.params().flag("tool_mask", false)) {
            double[] tool = c.input("tool_mask").values();
            Arrays.setAll(kept, i -> kept[i] * tool[i]);
        }
        return new CaseTensor(mask.dtype(), mask.shape(), kept);
    }

    public static void run(ReferenceCase c) {
        CaseParams p = c.params();
        CaseRows rows = new CaseRows(mask(c));
        double low = p.number("epsilon_low", 0.4);
        KlTerm kl = new KlTerm(KlEstimator.K3_UNCLAMPED, p.number("beta", 0), KlTerm.Placement.LOSS);
        PolicyObjective objective = new PolicyObjective(new GeometricMean(low, p.number("epsilon_high", low)),
                SequenceMean.ofMeans(), kl, EntropyBonus.NONE,
                new TokenMasks(p.number("top_entropy_quantile", 1), Double.POSITIVE_INFINITY));
        double[] advantages = c.input("advantages").values();
        RolloutColumns batch = rows.columns().withSequenceAdvantages(advantages);
        if (c.hasInput("logp_old")) {
            batch = batch.with(Column.OLD, rows.of(c.input("logp_old")));
        }
        if (c.hasInput("logp_ref")) {
            batch = batch.with(Column.REFERENCE, rows.of(c.input("logp_ref")));
        }
        Totals totals = Totals.of(batch, objective.aggregation()).times(p.number("gradient_accumulation_steps", 1));
        Value logProbs = rows.variable(c, "logp", c.input("logp_new"));
        Value entropies = rows.variable(c, "entropy", c.input("entropy"));
        PolicyObjective.Result result = objective.evaluate(logProbs, Optional.of(entropies), batch, totals);
        double[] means = batch.means(result.kl().map(CaseRows::numbers).orElse(new double[rows.numRows()]));
        double[] losses = CaseRows.numbers(result.losses());
        Arrays.setAll(losses, s -> losses[s] + kl.coefficient() * means[s]);
        c.compare("per_sequence_loss", losses);
        ratios(c, CaseRows.numbers(result.terms().ratio().orElseThrow()), advantages);
        c.compare("entropy", result.figures().entropy());
        c.compareIfThere("kl", result.figures().kl());
        GrpoCases.clip(c, result.figures().clip(), rows.numRows() == 0);
        c.compareLoss(result.loss());
        c.compare("grad_logp", c.gradient("logp"));
    }

    /// Compares the ratios of sequences with an advantage; without one the ratio has no effect.
    private static void ratios(ReferenceCase c, double[] ratios, double[] advantages) {
        double[] expected = c.tensor("coef").values();
        int[] some = IntStream.range(0, advantages.length).filter(s -> advantages[s] != 0).toArray();
        c.compare("coef", Arrays.stream(some).mapToDouble(s -> ratios[s]).toArray(),
                Arrays.stream(some).mapToDouble(s -> expected[s]).toArray());
    }
}
