package glia.reason.preference;

import glia.tensor.Tensor;
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
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;

/// Losses of binary classifier optimization. Cases with a step follow one another and share the running mean of
/// rewards; step 0 begins another.
public final class BcoCases implements CaseGroup {
    public BcoCases() { }

    @Override
    public String name() {
        return "bco";
    }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            RunningMoments shared = new RunningMoments(Tensor.of(arena, new float[3], 3));
            RunningMoments own = new RunningMoments(Tensor.of(arena, new float[3], 3));
            CaseFile.run(folder, results, (c, comparison) -> {
                boolean isStep = c.params().has("step");
                if (!isStep) {
                    own.state().zero();
                } else if (c.params().integer("step", 0) == 0) {
                    shared.state().zero();
                }
                run(c, comparison, kernels, isStep ? shared : own);
            });
        }
    }

    private static void run(ReferenceCase c, Comparison comparison, Kernels kernels, RunningMoments moments) {
        CaseParams params = c.params();
        BcoLoss loss = new BcoLoss(params.number("beta", 0.1));
        CaseTensor chosen = c.tensor("chosen_logps");
        CaseTensor rejected = c.tensor("rejected_logps");
        int numChosen = chosen.values().length;
        boolean[] isDesirable = new boolean[numChosen + rejected.values().length];
        Arrays.fill(isDesirable, 0, numChosen, true);
        float[] reference = joined(c.tensor("ref_chosen_logps"), c.tensor("ref_rejected_logps"));
        float[] weights = weights(c, isDesirable);
        CaseTensor all = new CaseTensor(chosen.dtype(), new long[] {isDesirable.length}, joined(chosen.values(),
                rejected.values()));
        try (Variables variables = new Variables(kernels)) {
            Value rewards = loss.rewards(variables.variable("logps", all), reference);
            moments.add(Scored.values(rewards, 1));
            Scored scored = loss.of(rewards, isDesirable, weights, moments.mean());
            CaseTokens.compare(comparison, "losses", loss.each(rewards, isDesirable, weights, moments.mean()));
            CaseTokens.rewards(c, comparison, scored);
            comparison.scalar("delta", moments.mean(), Comparison.F32);
            if (params.has("step")) {
                comparison.scalar("running_mean", moments.mean(), Comparison.F32);
                comparison.scalar("running_var", moments.variance(), Comparison.F32);
                comparison.scalar("running_std", moments.deviation(), Comparison.F32);
                comparison.scalar("running_count", moments.count(), Comparison.F32);
            }
            comparison.scalar("loss", variables.backward(scored.loss()), Comparison.F32);
            double[] gradient = variables.gradient("logps");
            comparison.tensor("grad_chosen_logps", Arrays.copyOf(gradient, numChosen), Comparison.F32);
            comparison.tensor("grad_rejected_logps", Arrays.copyOfRange(gradient, numChosen, gradient.length),
                    Comparison.F32);
        }
    }

    /// The weights of completions: density ratios of undesirable ones, if the case has probabilities.
    private static float[] weights(ReferenceCase c, boolean[] isDesirable) {
        float[] weights = new float[isDesirable.length];
        Arrays.fill(weights, 1);
        double least = c.params().number("min_density_ratio", 0.5);
        double most = c.params().number("max_density_ratio", 10);
        if (c.hasTensor("prob_desirable")) {
            double[] probabilities = c.tensor("prob_desirable").values();
            for (int i = 0; i < probabilities.length; i++) {
                weights[weights.length - probabilities.length + i] = BcoLoss.densityRatio(probabilities[i], least,
                        most);
            }
        }
        return weights;
    }

    private static double[] joined(double[] first, double[] second) {
        double[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static float[] joined(CaseTensor first, CaseTensor second) {
        float[] both = Arrays.copyOf(first.floats(), first.values().length + second.values().length);
        System.arraycopy(second.floats(), 0, both, first.values().length, second.values().length);
        return both;
    }
}
