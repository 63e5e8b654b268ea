package glia.reason.run;

import glia.engine.training.Predictions;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Value;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.util.Map;

/// A value head: a linear function of the last hidden state of a token predicts the return from there on. It is 0
/// before the first update.
///
/// `V = h · w + b`
///
/// @param weight w, `[1, D]`
/// @param bias b, `[1, 1]`
public record ValueHead(Weight.Stored weight, Weight.Stored bias) {
    /// Creates a head of zeros.
    ///
    /// @param hiddenSize D
    public static ValueHead create(int hiddenSize) {
        return new ValueHead(zeros(hiddenSize), zeros(1));
    }

    private static Weight.Stored zeros(int cols) {
        Tensor tensor = Tensor.allocate(Arena.ofAuto(), DType.F32, 1, cols);
        tensor.zero();
        return new Weight.Stored(tensor);
    }

    /// The weights by name, for optimizer and checkpoints.
    public Map<String, Weight.Stored> weights() {
        return Map.of("value_head.weight", weight, "value_head.bias", bias);
    }

    /// The values of the rows of a batch, `[M, 1]`.
    public Value of(Predictions predictions) {
        Value product = new Value(predictions.ops(), predictions.ops().linear(predictions.hidden().tensor(), weight));
        Value shift = new Value(predictions.ops(),
                predictions.ops().linear(predictions.constant(1).tensor(), bias));
        return product.plus(shift);
    }
}
