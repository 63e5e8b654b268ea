package glia.reason.check;

import glia.reason.policy.AdaptiveEntropy;
import glia.reason.policy.PolicyMethod;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.Totals;
import glia.reason.policy.loss.ClippedRatio;
import glia.reason.policy.loss.PolicyBatch;
import glia.reason.policy.loss.RatioLevel;
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
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// TRL's controller of the entropy bonus: the cases are the steps of one run of GRPO with TRL's defaults.
public final class AdaptiveEntropyCases implements CaseGroup {
    private static final double F32 = Comparison.F32;
    private static final double CLIP = 0.2;

    public AdaptiveEntropyCases() { }

    @Override
    public String name() {
        return "adaptive-entropy";
    }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        Steps steps = new Steps();
        CaseFile.run(folder, results, (c, comparison) -> {
            try (Variables variables = new Variables(kernels)) {
                steps.run(c, comparison, variables);
            }
        });
    }

    private static final class Steps {
        /// The controller of each run, by its state before the first step.
        private final Map<AdaptiveEntropy, AdaptiveEntropy> controllers = new HashMap<>();

        void run(ReferenceCase c, Comparison comparison, Variables variables) {
            CaseParams p = c.params();
            AdaptiveEntropy start = AdaptiveEntropy.start(p.number("entropy_coef_start"), p.number("delta"),
                    p.number("min"), p.number("max"), p.number("target"));
            AdaptiveEntropy before = controllers.getOrDefault(start, start);
            CaseRows rows = new CaseRows(c.input("mask"));
            PolicyBatch batch = rows.batch(c.input("advantages")).withOld(rows.of(c.input("logp_old")));
            PolicyObjective dapo = PolicyMethod.named("dapo", rows.width()).objective();
            PolicyObjective objective = dapo.withLoss(ClippedRatio.of(RatioLevel.TOKEN, CLIP, CLIP))
                    .withEntropy(dapo.entropy().withCoefficient(before.applied()));
            CaseTensor entropy = c.input("entropy");
            double scale = p.number("entropy_scale", 1);
            CaseTensor scaled = new CaseTensor(entropy.dtype(), entropy.shape(),
                    Arrays.stream(entropy.values()).map(x -> x * scale).toArray());
            Value logProbs = rows.variable(variables, "logp", c.input("logp_new"));
            Value entropies = rows.variable(variables, "entropy", scaled);
            PolicyObjective.Result result = objective.evaluate(logProbs, Optional.of(entropies), batch,
                    Totals.of(batch, objective.aggregation()));
            AdaptiveEntropy after = before.after(result.figures().keptEntropy());
            controllers.put(start, after);
            comparison.scalar("coef_before", before.coefficient(), F32);
            comparison.scalar("coef_after", after.coefficient(), F32);
            comparison.scalar("mean_entropy", result.figures().keptEntropy(), F32);
            comparison.scalar("loss", variables.backward(result.loss()), F32);
            comparison.tensor("grad_entropy", variables.gradient("entropy"), F32);
        }
    }
}
