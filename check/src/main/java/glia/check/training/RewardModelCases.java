package glia.check.training;

import glia.check.reference.CaseTensor;
import glia.check.reference.ReferenceCase;
import glia.tensor.autograd.Value;
import glia.train.loss.RewardModelLoss;
import java.util.Arrays;
import java.util.stream.IntStream;

/// Losses of reward models.
public final class RewardModelCases {
    private RewardModelCases() { }

    public static void run(ReferenceCase c) {
        CaseTensor scores = c.input("scores");
        int count = scores.values().length / 2;
        Value all = c.variable("scores", scores);
        Value chosen = all.rows(IntStream.range(0, count).toArray());
        Value rejected = all.rows(IntStream.range(count, 2 * count).toArray());
        RewardModelLoss rule = new RewardModelLoss(c.params().number("center_rewards_coefficient", 0));
        Value loss = c.params().flag("margin", false) ? rule.of(chosen, rejected, c.input("margin").floats())
                : rule.of(chosen, rejected);
        c.compareLoss(loss);
        c.compare("grad_scores", c.gradient("scores"));
        figures(c, scores.values(), count);
    }

    /// The figures that the reference reports besides the loss.
    private static void figures(ReferenceCase c, double[] scores, int count) {
        double correct = 0;
        double lead = 0;
        for (int i = 0; i < count; i++) {
            correct += scores[i] > scores[count + i] ? 1 : 0;
            lead += scores[i] - scores[count + i];
        }
        c.compareIfThere("min_reward", Arrays.stream(scores).min().orElse(0));
        c.compareIfThere("mean_reward", Arrays.stream(scores).average().orElse(0));
        c.compareIfThere("max_reward", Arrays.stream(scores).max().orElse(0));
        c.compareIfThere("accuracy", correct / count);
        c.compareIfThere("margin", lead / count);
    }
}
