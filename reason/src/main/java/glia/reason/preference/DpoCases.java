package glia.reason.preference;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/// Losses of direct preference optimization, from log-probabilities of tokens.
public final class DpoCases implements CaseGroup {
    public DpoCases() { }

    @Override
    public String name() {
        return "dpo";
    }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        StoredGradients stored = new StoredGradients();
        CaseFile.run(folder, results, (c, comparison) -> run(c, comparison, kernels, stored));
    }

    /// The loss that parameters of TRL describe.
    static DpoLoss loss(CaseParams params) {
        double beta = params.number("beta", 0.1);
        List<String> names = new ArrayList<>();
        if (params.has("loss_type")) {
            JsonNode types = params.required("loss_type");
            if (types.isArray()) {
                types.forEach(t -> names.add(t.asString()));
            } else {
                names.add(params.text("loss_type"));
            }
        } else {
            names.add("sigmoid");
        }
        return new DpoLoss(DpoLoss.named(names, params.numbers("loss_weights"), beta,
                params.number("label_smoothing", 0), params.number("discopop_tau", 0.05)), beta,
                FDivergence.named(params.text("f_divergence_type", "reverse_kl"),
                        params.number("f_alpha_divergence_coef", 0.5)),
                params.number("ld_alpha", 1), params.flag("use_weighting", false));
    }

    private static void run(ReferenceCase c, Comparison comparison, Kernels kernels,
            StoredGradients stored) {
        DpoLoss loss = loss(c.params());
        try (Variables variables = new Variables(kernels)) {
            CompletionLogProbs policy = CaseTokens.variable(variables, "logps", c.input("logps"),
                    c.input("completion_mask"), Optional.of(c.input("log_sum_sq_probs")));
            float[] reference = CaseTokens.sums(loss.sums(CaseTokens.constant(variables, c.input("ref_logps"),
                    c.input("completion_mask"))));
            Scored scored = loss.of(policy, reference);
            PairRatios pairs = loss.pairs(policy, reference);
            PairLoss last = loss.losses().getLast().loss();
            CaseTokens.compare(comparison, "per_sequence_loss", loss.perPair(last, pairs, policy));
            CaseTokens.compare(comparison, "chosen_logps", pairs.chosen());
            CaseTokens.compare(comparison, "rejected_logps", pairs.rejected());
            CaseTokens.compare(comparison, "ref_chosen_logps", pairs.referenceChosen());
            CaseTokens.compare(comparison, "ref_rejected_logps", pairs.referenceRejected());
            comparison.tensor("chosen_rewards", scored.chosenRewards(), Comparison.F32);
            comparison.tensor("rejected_rewards", scored.rejectedRewards(), Comparison.F32);
            CaseTokens.figures(c, comparison, scored.all(true), Map.of());
            comparison.scalar("loss", variables.backward(scored.loss()), Comparison.F32);
            if (c.hasTensor("grad_logps")) {
                CaseTokens.gradients(c, comparison, variables.gradient("logps"), policy, stored);
            }
        }
    }
}
