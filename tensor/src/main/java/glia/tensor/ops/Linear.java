package glia.tensor.ops;

import glia.tensor.Tensor;

/// `y = x · wᵀ`: see `Ops.linear`.
record Linear(Tensor x, Weight w) implements Operation {
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
