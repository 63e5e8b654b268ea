package glia.check.preference;

import glia.check.reference.CaseFile;
import glia.check.reference.CaseParams;
import glia.check.reference.CaseResult;
import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.reason.preference.BcoLoss;
import glia.reason.preference.CompletionLogProbs;
import glia.reason.preference.CpoLoss;
import glia.reason.preference.DpoLoss;
import glia.reason.preference.FDivergence;
import glia.reason.preference.KtoLoss;
import glia.reason.preference.OrpoLoss;
import glia.reason.preference.PairLoss;
import glia.reason.preference.PairRatios;
import glia.reason.preference.RunningMoments;
import glia.reason.preference.Scored;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/// Losses of preferences. DPO and KTO begin with log-probabilities of tokens, CPO and ORPO with logits, BCO with
/// log-probabilities of completions.
public final class PreferenceCases {
    private static final int IGNORED = -100;

    private PreferenceCases() { }

    // ---- DPO -----------------------------------------------------------------------------------------------------

    /// Direct preference optimization.
    public static void dpo(ReferenceCase c) {
        DpoLoss loss = dpoLoss(c.params());
        CompletionLogProbs policy = tokens(c, c.variable("logps", c.input("logps").column()),
                Optional.of(c.constant(c.input("log_sum_sq_probs").column())));
        float[] reference = floats(loss.sums(reference(c)));
        Scored scored = loss.of(policy, reference);
        PairRatios pairs = loss.pairs(policy, reference);
        PairLoss last = loss.losses().getLast().loss();
        c.compare("per_sequence_loss", loss.perPair(last, pairs, policy));
        c.compare("chosen_logps", pairs.chosen());
        c.compare("rejected_logps", pairs.rejected());
        c.compare("ref_chosen_logps", pairs.referenceChosen());
        c.compare("ref_rejected_logps", pairs.referenceRejected());
        rewards(c, scored);
        scored.all(true).forEach(c::compareIfThere);
        c.compareLoss(scored.loss());
        if (c.hasTensor("grad_logps")) {
            tokenGradients(c, policy);
        }
    }

    /// The loss that parameters of TRL describe.
    static DpoLoss dpoLoss(CaseParams params) {
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

    // ---- KTO -----------------------------------------------------------------------------------------------------

    /// Kahneman–Tversky optimization.
    public static void kto(ReferenceCase c) {
        CaseParams params = c.params();
        KtoLoss loss = new KtoLoss(params.number("beta", 0.1), params.number("desirable_weight", 1),
                params.number("undesirable_weight", 1), KtoLoss.isAnchored(params.text("loss_type", "kto")));
        String mismatched = params.flag("negative_kl", false) ? "_negative" : "";
        double kl = loss.isAnchored() ? KtoLoss.kl(c.input("kl_logps" + mismatched).floats(),
                c.input("ref_kl_logps" + mismatched).floats()) : 0;
        double[] labels = c.tensor("label").values();
        boolean[] isDesirable = new boolean[labels.length];
        for (int i = 0; i < labels.length; i++) {
            isDesirable[i] = labels[i] != 0;
        }
        CompletionLogProbs policy = tokens(c, c.variable("logps", c.input("logps").column()), Optional.empty());
        Value sums = policy.sums();
        float[] reference = floats(reference(c).sums());
        Scored scored = loss.of(sums, reference, isDesirable, kl);
        // The reference has the desirable completions first.
        double[] losses = Scored.values(loss.each(sums.minus(sums.constant(reference)), isDesirable, kl), 1);
        c.compare("losses", DoubleStream.concat(DoubleStream.of(Scored.pick(losses, isDesirable, true)),
                DoubleStream.of(Scored.pick(losses, isDesirable, false))).toArray());
        rewards(c, scored);
        scored.all(false).forEach(c::compareIfThere);
        if (!loss.isAnchored()) {
            c.compareIfThere("kl", 0);
        }
        c.compareLoss(scored.loss());
        tokenGradients(c, policy);
    }

    // ---- CPO, ORPO -----------------------------------------------------------------------------------------------

    /// Contrastive preference optimization.
    public static void cpo(ReferenceCase c) {
        CaseParams params = c.params();
        CpoLoss loss = CpoLoss.named(params.text("loss_type", "sigmoid"), params.number("beta", 0.1),
                params.number("label_smoothing", 0), params.number("simpo_gamma", 0.5), params.number("alpha", 0),
                params.number("cpo_alpha", 1));
        CompletionLogProbs policy = ofLogits(c);
        Value logProbs = loss.logProbs(policy);
        Value scores = loss.scores(policy);
        c.compare("per_sequence_loss",
                loss.each(scores.rows(policy.firstHalf()), scores.rows(policy.secondHalf())));
        pairs(c, logProbs.rows(policy.firstHalf()), logProbs.rows(policy.secondHalf()), loss.of(policy, new float[0]));
    }

    /// Odds-ratio preference optimization.
    public static void orpo(ReferenceCase c) {
        OrpoLoss loss = new OrpoLoss(c.params().number("beta", 0.1));
        CompletionLogProbs policy = ofLogits(c);
        Value means = policy.means();
        Value chosen = means.rows(policy.firstHalf());
        Value rejected = means.rows(policy.secondHalf());
        c.compare("per_sequence_loss", OrpoLoss.logOddsRatios(chosen, rejected).logSigmoid().times(loss.beta()));
        pairs(c, chosen, rejected, loss.of(policy, new float[0]));
    }

    /// The log-probabilities of all tokens but the first and those of padding.
    private static CompletionLogProbs ofLogits(ReferenceCase c) {
        CaseTensor ids = c.input("input_ids");
        double[] labels = c.input("labels").values();
        double[] attention = c.input("attention_mask").values();
        int width = ids.dim(1);
        int[] rows = IntStream.range(0, attention.length)
                .filter(i -> i % width + 1 < width && attention[i + 1] != 0).toArray();
        float[] completion = new float[rows.length];
        for (int i = 0; i < rows.length; i++) {
            completion[i] = labels[rows[i] + 1] == IGNORED ? 0 : 1;
        }
        int[] targets = Arrays.stream(rows).map(i -> (int) ids.values()[i + 1]).toArray();
        int[] sequences = Arrays.stream(rows).map(i -> i / width).toArray();
        Value logits = c.variable("logits", c.input("logits"));
        return new CompletionLogProbs(logits.rows(rows).logSoftmax().pick(targets), sequences, completion,
                ids.dim(0), Optional.empty());
    }

    private static void pairs(ReferenceCase c, Value chosen, Value rejected, Scored scored) {
        c.compare("chosen_logps", chosen);
        c.compare("rejected_logps", rejected);
        c.compareIfThere("logps/chosen", chosen.mean().number());
        c.compareIfThere("logps/rejected", rejected.mean().number());
        rewards(c, scored);
        Map<String, Double> figures = scored.all(true);
        figures.forEach((name, value) -> c.compareIfThere(name.equals("cross_entropy") ? "nll_loss" : name, value));
        if (!figures.containsKey("cross_entropy")) {
            c.compareIfThere("nll_loss", 0);
        }
        c.compareLoss(scored.loss());
        c.compareAccumulated("grad_logits", c.gradient("logits"), c.tensor("grad_logits").values());
    }

    // ---- BCO -----------------------------------------------------------------------------------------------------

    /// Binary classifier optimization. Cases with a step follow one another and share the running mean of rewards;
    /// step 0 begins another.
    ///
    /// @throws IOException if the folder's files cannot be read
    public static void bco(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results)
            throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            RunningMoments shared = new RunningMoments(Tensor.of(arena, new float[3], 3));
            RunningMoments own = new RunningMoments(Tensor.of(arena, new float[3], 3));
            CaseFile.run(folder, kernels, results, c -> {
                boolean isStep = c.params().has("step");
                if (!isStep) {
                    own.state().zero();
                } else if (c.params().integer("step", 0) == 0) {
                    shared.state().zero();
                }
                bco(c, isStep ? shared : own);
            });
        }
    }

    private static void bco(ReferenceCase c, RunningMoments moments) {
        BcoLoss loss = new BcoLoss(c.params().number("beta", 0.1));
        CaseTensor chosen = c.tensor("chosen_logps");
        CaseTensor all = chosen.with(c.tensor("rejected_logps"));
        boolean[] isDesirable = new boolean[all.values().length];
        int numChosen = chosen.values().length;
        Arrays.fill(isDesirable, 0, numChosen, true);
        float[] reference = c.tensor("ref_chosen_logps").with(c.tensor("ref_rejected_logps")).floats();
        float[] weights = weights(c, isDesirable.length);
        Value rewards = loss.rewards(c.variable("logps", all), reference);
        moments.add(Scored.values(rewards, 1));
        Scored scored = loss.of(rewards, isDesirable, weights, moments.mean());
        c.compare("losses", loss.each(rewards, isDesirable, weights, moments.mean()));
        rewards(c, scored);
        c.compare("delta", moments.mean());
        if (c.params().has("step")) {
            c.compare("running_mean", moments.mean());
            c.compare("running_var", moments.variance());
            c.compare("running_std", moments.deviation());
            c.compare("running_count", moments.count());
        }
        c.compareLoss(scored.loss());
        double[] gradient = c.gradient("logps");
        c.compare("grad_chosen_logps", Arrays.copyOf(gradient, numChosen));
        c.compare("grad_rejected_logps", Arrays.copyOfRange(gradient, numChosen, gradient.length));
    }

    /// The weights of completions: density ratios of undesirable ones, if the case has probabilities.
    private static float[] weights(ReferenceCase c, int count) {
        float[] weights = new float[count];
        Arrays.fill(weights, 1);
        double least = c.params().number("min_density_ratio", 0.5);
        double most = c.params().number("max_density_ratio", 10);
        if (c.hasTensor("prob_desirable")) {
            double[] probabilities = c.tensor("prob_desirable").values();
            for (int i = 0; i < probabilities.length; i++) {
                weights[count - probabilities.length + i] = BcoLoss.densityRatio(probabilities[i], least, most);
            }
        }
        return weights;
    }

    // ---- shared --------------------------------------------------------------------------------------------------

    /// Log-probabilities `[S, T-1]` of tokens 1 to T-1 as rows of completions, by the mask `[S, T]` of the batch.
    private static CompletionLogProbs tokens(ReferenceCase c, Value column, Optional<Value> logSumSquares) {
        CaseTensor mask = c.input("completion_mask");
        int width = mask.dim(1) - 1;
        int[] sequences = new int[mask.dim(0) * width];
        float[] completion = new float[sequences.length];
        for (int i = 0; i < sequences.length; i++) {
            sequences[i] = i / width;
            completion[i] = (float) mask.values()[i / width * mask.dim(1) + i % width + 1];
        }
        return new CompletionLogProbs(column, sequences, completion, mask.dim(0), logSumSquares);
    }

    private static CompletionLogProbs reference(ReferenceCase c) {
        return tokens(c, c.constant(c.input("ref_logps").column()), Optional.empty());
    }

    /// Compares gradients at tokens of completions. The reference sums whole rows, so it has gradients elsewhere too,
    /// where the log-probabilities of a model would not depend on anything.
    private static void tokenGradients(ReferenceCase c, CompletionLogProbs tokens) {
        double[] expected = c.tensor("grad_logps").values();
        for (int i = 0; i < expected.length; i++) {
            expected[i] = tokens.completion()[i] == 0 ? 0 : expected[i];
        }
        c.compareAccumulated("grad_logps", c.gradient("logps"), expected);
    }

    private static float[] floats(Value column) {
        return CaseTensor.of(column.tensor()).floats();
    }

    /// Compares the rewards that the case has: there are none of desirable completions in a batch without them.
    private static void rewards(ReferenceCase c, Scored scored) {
        if (c.hasTensor("chosen_rewards")) {
            c.compare("chosen_rewards", scored.chosenRewards());
        }
        if (c.hasTensor("rejected_rewards")) {
            c.compare("rejected_rewards", scored.rejectedRewards());
        }
    }
}
