package glia.reason.preference;

import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.train.check.CaseFile;
import glia.train.check.CaseGroup;
import glia.train.check.CaseResult;
import glia.train.check.CaseTensor;
import glia.train.check.Comparison;
import glia.train.check.ReferenceCase;
import glia.train.check.Variables;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// Losses of pairs without a reference model, from logits.
abstract sealed class PairLogitCases implements CaseGroup permits CpoCases, OrpoCases {
    private static final int IGNORED = -100;

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        StoredGradients stored = new StoredGradients();
        CaseFile.run(folder, results, (c, comparison) -> run(c, comparison, kernels, stored));
    }

    private void run(ReferenceCase c, Comparison comparison, Kernels kernels, StoredGradients stored) {
        try (Variables variables = new Variables(kernels)) {
            Value logits = variables.variable("logits", c.input("logits"));
            Scored scored = score(c, tokens(c, logits), comparison);
            comparison.tensor("chosen_rewards", scored.chosenRewards(), Comparison.F32);
            comparison.tensor("rejected_rewards", scored.rejectedRewards(), Comparison.F32);
            CaseTokens.figures(c, comparison, scored.all(true), Map.of("cross_entropy", "nll_loss"));
            if (!scored.figures().containsKey("cross_entropy") && c.hasScalar("nll_loss")) {
                comparison.scalar("nll_loss", 0, Comparison.F32);
            }
            comparison.scalar("loss", variables.backward(scored.loss()), Comparison.F32);
            stored.compare(c, comparison, "grad_logits", variables.gradient("logits"),
                    c.tensor("grad_logits").values());
        }
    }

    /// The loss with the parameters of a case. Compares what is between log-probabilities and the loss.
    abstract Scored score(ReferenceCase c, CompletionLogProbs policy, Comparison comparison);

    /// The log-probabilities of all tokens but the first and those of padding.
    private static CompletionLogProbs tokens(ReferenceCase c, Value logits) {
        CaseTensor ids = c.input("input_ids");
        CaseTensor labels = c.input("labels");
        CaseTensor attention = c.input("attention_mask");
        int width = ids.dim(1);
        int[] rows = new int[ids.values().length];
        int count = 0;
        for (int i = 0; i < rows.length; i++) {
            boolean isNext = i % width + 1 < width && attention.values()[i + 1] != 0;
            if (isNext) {
                rows[count++] = i;
            }
        }
        rows = Arrays.copyOf(rows, count);
        int[] targets = new int[count];
        int[] sequences = new int[count];
        float[] completion = new float[count];
        for (int i = 0; i < count; i++) {
            targets[i] = (int) ids.values()[rows[i] + 1];
            sequences[i] = rows[i] / width;
            completion[i] = labels.values()[rows[i] + 1] == IGNORED ? 0 : 1;
        }
        return new CompletionLogProbs(logits.rows(rows).logSoftmax().pick(targets), sequences, completion,
                ids.dim(0), Optional.empty());
    }

    /// Compares the log-probabilities of completions, and their means in the figures.
    static void logProbs(ReferenceCase c, Comparison comparison, Value chosen, Value rejected) {
        CaseTokens.compare(comparison, "chosen_logps", chosen);
        CaseTokens.compare(comparison, "rejected_logps", rejected);
        CaseTokens.figures(c, comparison, Map.of("logps/chosen", chosen.mean().number(), "logps/rejected",
                rejected.mean().number()), Map.of());
    }
}
