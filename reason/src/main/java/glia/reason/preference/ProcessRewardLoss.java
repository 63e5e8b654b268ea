package glia.reason.preference;

import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.train.loss.ClassificationLoss;
import java.util.stream.IntStream;

/// The loss of a process reward model, which says after each step of a solution whether the step is right: the
/// cross-entropy of two classes, wrong and right, the mean over all steps with a label
/// (https://arxiv.org/abs/2305.20050).
public final class ProcessRewardLoss {
    private ProcessRewardLoss() { }

    /// The loss of tokens, those with a label.
    ///
    /// @param scores `[M, 2]`
    /// @param labels 1, 0 or `StepLabels.NONE` of each row
    /// @throws IllegalArgumentException if no row has a label
    public static Value of(Value scores, int[] labels) {
        int[] rows = rows(labels);
        if (rows.length == 0) {
            throw new IllegalArgumentException("no step has a label");
        }
        return ClassificationLoss.oneOf(scores.rows(rows), IntStream.of(rows).map(r -> labels[r]).toArray(), 0);
    }

    /// The share of labeled rows whose label has the higher score.
    public static double accuracy(Value scores, int[] labels) {
        Tensor t = scores.tensor();
        double right = 0;
        int[] rows = rows(labels);
        for (int row : rows) {
            int found = t.get(2L * row + 1) > t.get(2L * row) ? 1 : 0;
            right += found == labels[row] ? 1 : 0;
        }
        return right / rows.length;
    }

    private static int[] rows(int[] labels) {
        return IntStream.range(0, labels.length).filter(r -> labels[r] != StepLabels.NONE).toArray();
    }
}
