package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// `y = x · wᵀ`: see `Ops.linear`.
///
/// @param roundsToBf16 whether mixed precision rounds the result
public record Linear(Tensor x, Weight w, boolean roundsToBf16) implements Operation.ReadsInputs {
    public Linear(Tensor x, Weight w) {
        this(x, w, true);
    }

    @Override
    public Tensor forward(Compute ops) {
        return ops.linear(x, w);
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(w);
    }

    /// `dw += dyᵀ · x`, `dx += dy · w`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        tape.products().addWeightGradient(tape, w, dy, x);
        if (tape.needs(x)) {
            tape.products().addInputGradient(tape.gradient(x), dy, w);
        }
    }
}
