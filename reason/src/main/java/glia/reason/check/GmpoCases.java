package glia.reason.check;

import glia.reason.policy.Aggregation.SequenceMean;
import glia.reason.policy.EntropyBonus;
import glia.reason.policy.KlTerm;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.TokenMasks;
import glia.reason.policy.Totals;
import glia.reason.policy.loss.GeometricMean;
import glia.reason.policy.loss.PolicyBatch;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.train.check.CaseFile;
import glia.train.check.CaseGroup;
import glia.train.check.CaseParams;
import glia.train.check.CaseResult;
import glia.train.check.CaseTensor;
import glia.train.check.Comparison;
import glia.train.check.ReferenceCase;
import glia.train.check.Variables;
import glia.train.loss.KlEstimator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// TRL's GMPO.
public final class GmpoCases implements CaseGroup {
    private static final double F32 = Comparison.F32;

    public GmpoCases() { }

    @Override
    public String name() {
        return "gmpo";
    }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        CaseFile.run(folder, results, (c, comparison) -> {
            try (Variables variables = new Variables(kernels)) {
                run(c, comparison, variables);
            }
        });
    }

    private static CaseTensor mask(ReferenceCase c) {
        CaseTensor mask = c.input(c.params().flag("truncated", false) ? "mask_truncated" : "mask");
        double[] kept = mask.values().clone();
        if (c.params().flag("tool_mask", false)) {
            double[] tool = c.input("tool_mask").values();
            Arrays.setAll(kept, i -> kept[i] * tool[i]);
        }
        return new CaseTensor(mask.dtype(), mask.shape(), kept);
    }

    private static void run(ReferenceCase c, Comparison comparison, Variables variables) {
        CaseParams p = c.params();
        CaseRows rows = new CaseRows(mask(c));
        double low = p.number("epsilon_low", 0.4);
        KlTerm kl = new KlTerm(KlEstimator.K3_UNCLAMPED, p.number("beta", 0), KlTerm.Placement.LOSS);
        PolicyObjective objective = new PolicyObjective(new GeometricMean(low, p.number("epsilon_high", low)),
                SequenceMean.ofMeans(), kl, EntropyBonus.NONE,
                new TokenMasks(p.number("top_entropy_quantile", 1), Double.POSITIVE_INFINITY));
        double[] advantages = c.input("advantages").values();
        PolicyBatch batch = PolicyBatch.ofSequences(rows.sequences(), advantages);
        if (c.hasInput("logp_old")) {
            batch = batch.withOld(rows.of(c.input("logp_old")));
        }
        if (c.hasInput("logp_ref")) {
            batch = batch.withReference(rows.of(c.input("logp_ref")));
        }
        Totals totals = Totals.of(batch, objective.aggregation()).times(p.number("gradient_accumulation_steps", 1));
        Value logProbs = rows.variable(variables, "logp", c.input("logp_new"));
        Value entropies = rows.variable(variables, "entropy", c.input("entropy"));
        PolicyObjective.Result result = objective.evaluate(logProbs, Optional.of(entropies), batch, totals);
        double[] means = batch.sequenceMeans(result.kl().map(CaseRows::numbers).orElse(new double[rows.numRows()]));
        double[] losses = CaseRows.numbers(result.losses());
        Arrays.setAll(losses, s -> losses[s] + kl.coefficient() * means[s]);
        comparison.tensor("per_sequence_loss", losses, F32);
        ratios(c, comparison, CaseRows.numbers(result.terms().ratio().orElseThrow()), advantages);
        comparison.scalar("entropy", result.figures().entropy(), F32);
        if (c.hasScalar("kl")) {
            comparison.scalar("kl", result.figures().kl(), F32);
        }
        GrpoCases.clip(c, comparison, result.figures().clip(), rows.numRows() == 0);
        comparison.scalar("loss", variables.backward(result.loss()), F32);
        comparison.tensor("grad_logp", variables.gradient("logp"), F32);
    }

    /// Compares the ratios of sequences with an advantage; without one the ratio has no effect.
    private static void ratios(ReferenceCase c, Comparison comparison, double[] ratios, double[] advantages) {
        double[] expected = c.tensor("coef").values();
        int[] some = IntStream.range(0, advantages.length).filter(s -> advantages[s] != 0).toArray();
        comparison.values("coef", Arrays.stream(some).mapToDouble(s -> ratios[s]).toArray(),
                Arrays.stream(some).mapToDouble(s -> expected[s]).toArray(), F32);
    }
}
