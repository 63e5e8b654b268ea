package glia.reason.preference;

import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.train.check.CaseFile;
import glia.train.check.CaseGroup;
import glia.train.check.CaseParams;
import glia.train.check.CaseResult;
import glia.train.check.Comparison;
import glia.train.check.ReferenceCase;
import glia.train.check.Variables;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// Losses of Kahneman–Tversky optimization, from log-probabilities of tokens.
public final class KtoCases implements CaseGroup {
    public KtoCases() { }

    @Override
    public String name() {
        return "kto";
    }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        StoredGradients stored = new StoredGradients();
        CaseFile.run(folder, results, (c, comparison) -> run(c, comparison, kernels, stored));
    }

    private static void run(ReferenceCase c, Comparison comparison, Kernels kernels,
            StoredGradients stored) {
        CaseParams params = c.params();
        KtoLoss loss = new KtoLoss(params.number("beta", 0.1), params.number("desirable_weight", 1),
                params.number("undesirable_weight", 1), KtoLoss.isAnchored(params.text("loss_type", "kto")));
        String mismatched = params.flag("negative_kl", false) ? "_negative" : "";
        double kl = loss.isAnchored() ? KtoLoss.kl(c.input("kl_logps" + mismatched).floats(),
                c.input("ref_kl_logps" + mismatched).floats()) : 0;
        boolean[] isDesirable = CaseTokens.flags(c.tensor("label"));
        try (Variables variables = new Variables(kernels)) {
            CompletionLogProbs policy = CaseTokens.variable(variables, "logps", c.input("logps"),
                    c.input("completion_mask"), Optional.empty());
            Value sums = policy.sums();
            float[] reference = CaseTokens.sums(CaseTokens.constant(variables, c.input("ref_logps"),
                    c.input("completion_mask")).sums());
            Scored scored = loss.of(sums, reference, isDesirable, kl);
            comparison.tensor("losses", CaseTokens.desirableFirst(loss.each(sums.minus(sums.constant(reference)),
                    isDesirable, kl), isDesirable), Comparison.F32);
            CaseTokens.rewards(c, comparison, scored);
            CaseTokens.figures(c, comparison, scored.all(false), Map.of());
            if (!loss.isAnchored() && c.hasScalar("kl")) {
                comparison.scalar("kl", 0, Comparison.F32);
            }
            comparison.scalar("loss", variables.backward(scored.loss()), Comparison.F32);
            CaseTokens.gradients(c, comparison, variables.gradient("logps"), policy, stored);
        }
    }
}
