package glia.train.check;

import glia.tensor.autograd.Value;
import glia.tensor.kernel.Kernels;
import glia.train.loss.RewardModelLoss;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// Losses of reward models.
public final class RewardModelCases implements CaseGroup {
    public RewardModelCases() { }

    @Override
    public String name() {
        return "reward-model";
    }

    @Override
    public void run(Path folder, Path goldens, Kernels kernels, Consumer<CaseResult> results) throws IOException {
        CaseFile.run(folder, results, (c, comparison) -> run(c, comparison, kernels));
    }

    private static void run(ReferenceCase c, Comparison comparison, Kernels kernels) {
        CaseTensor scores = c.input("scores");
        int count = scores.values().length / 2;
        try (Variables variables = new Variables(kernels)) {
            Value all = variables.variable("scores", scores);
            Value chosen = all.rows(IntStream.range(0, count).toArray());
            Value rejected = all.rows(IntStream.range(count, 2 * count).toArray());
            RewardModelLoss rule = new RewardModelLoss(c.params().number("center_rewards_coefficient", 0));
            Value loss = c.params().flag("margin", false) ? rule.of(chosen, rejected, c.input("margin").floats())
                    : rule.of(chosen, rejected);
            comparison.scalar("loss", variables.backward(loss), Comparison.F32);
            comparison.tensor("grad_scores", variables.gradient("scores"), Comparison.F32);
        }
        figures(c, comparison, scores.values(), count);
    }

    /// The figures that the reference reports besides the loss.
    private static void figures(ReferenceCase c, Comparison comparison, double[] scores, int count) {
        double correct = 0;
        double lead = 0;
        for (int i = 0; i < count; i++) {
            correct += scores[i] > scores[count + i] ? 1 : 0;
            lead += scores[i] - scores[count + i];
        }
        compare(c, comparison, "min_reward", Arrays.stream(scores).min().orElse(0));
        compare(c, comparison, "mean_reward", Arrays.stream(scores).average().orElse(0));
        compare(c, comparison, "max_reward", Arrays.stream(scores).max().orElse(0));
        compare(c, comparison, "accuracy", correct / count);
        compare(c, comparison, "margin", lead / count);
    }

    private static void compare(ReferenceCase c, Comparison comparison, String name, double value) {
        if (c.hasScalar(name)) {
            comparison.scalar(name, value, Comparison.F32);
        }
    }
}
