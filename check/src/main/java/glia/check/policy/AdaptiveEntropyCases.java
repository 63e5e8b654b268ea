package glia.check.policy;

import glia.check.reference.CaseFile;
import glia.check.reference.CaseParams;
import glia.check.reference.CaseResult;
import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.reason.policy.AdaptiveEntropy;
import glia.reason.policy.Aggregation.Totals;
import glia.reason.policy.PolicyMethod;
import glia.reason.policy.PolicyObjective;
import glia.reason.policy.loss.ClippedRatio;
import glia.reason.policy.loss.RatioLevel;
import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// TRL's controller of the entropy bonus: the cases are the steps of one run of GRPO with TRL's defaults.
public final class AdaptiveEntropyCases {
    private static final double CLIP = 0.2;

    private AdaptiveEntropyCases() { }

    /// Runs the steps in order.
    ///
    /// @throws IOException if the folder's files cannot be read
    public static void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results)
            throws IOException {
        Steps steps = new Steps();
        CaseFile.run(folder, kernels, results, steps::run);
    }

    private static final class Steps {
        /// The controller of each run, by its state before the first step.
        private final Map<AdaptiveEntropy, AdaptiveEntropy> controllers = new HashMap<>();
 void run(ReferenceCase c) {
            CaseParams p = c.params();
            AdaptiveEntropy start = AdaptiveEntropy.start(p.number("entropy_coef_start"), p.number("delta"),
                    p.number("min"), p.number("max"), p.number("target"));
            AdaptiveEntropy before = controllers.getOrDefault(start, start);
            CaseRows rows = new CaseRows(c.input("mask"));
            RolloutColumns batch = rows.batch(c.input("advantages")).with(Column.OLD, rows.of(c.input("logp_old")));
            PolicyObjective dapo = PolicyMethod.named("dapo", rows.width()).objective();
            PolicyObjective objective = new PolicyObjective(ClippedRatio.of(RatioLevel.TOKEN, CLIP, CLIP),
                    dapo.aggregation(), dapo.kl(), dapo.entropy().withCoefficient(before.applied()), dapo.masks());
            CaseTensor entropy = c.input("entropy");
            double scale = p.number("entropy_scale", 1);
            CaseTensor scaled = new CaseTensor(entropy.dtype(), entropy.shape(),
                    Arrays.stream(entropy.values()).map(x -> x * scale).toArray());
            Value logProbs = rows.variable(c, "logp", c.input("logp_new"));
            Value entropies = rows.variable(c, "entropy", scaled);
            PolicyObjective.Result result = objective.evaluate(logProbs, Optional.of(entropies), batch,
                    Totals.of(batch, objective.aggregation()));
            AdaptiveEntropy after = before.after(result.figures().keptEntropy());
            controllers.put(start, after);
            c.compare("coef_before", before.coefficient());
            c.compare("coef_after", after.coefficient());
            c.compare("mean_entropy", result.figures().keptEntropy());
            c.compareLoss(result.loss());
            c.compare("grad_entropy", c.gradient("entropy"));
        }
    }
}
