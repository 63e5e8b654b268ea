package glia.reason.preference;

import glia.engine.training.Predictions;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingPass;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import java.util.function.Function;

/// Log-probabilities of completions without gradients, such as those under a reference model.
public final class ReferenceLogProbs {
    private ReferenceLogProbs() { }

    /// Computes a column of numbers, one for each sequence.
    ///
    /// @param column such as sums of log-probabilities by sequence, `[S, 1]`
    public static float[] of(TrainingPass pass, TokenBatch batch, Function<Predictions, Value> column) {
        float[][] numbers = new float[1][];
        pass.evaluate(batch, p -> {
            Tensor t = column.apply(p).tensor();
            numbers[0] = new float[Math.toIntExact(t.size())];
            for (int i = 0; i < numbers[0].length; i++) {
                numbers[0][i] = t.get(i);
            }
            return p.constant(0);
        });
        return numbers[0];
    }
}
