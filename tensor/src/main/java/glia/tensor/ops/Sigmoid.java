package glia.tensor.ops;

import glia.tensor.Tensor;

/// `y = σ(x) = 1 / (1 + e^-x)`.
public record Sigmoid(Tensor x) implements Operation {
    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        for (long i = 0; i < x.size(); i++) {
            y.set(i, (float) (1 / (1 + Math.exp(-x.get(i)))));
        }
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        for (long i = 0; i < x.size(); i++) {
            double s = 1 / (1 + Math.exp(-x.get(i)));
            dx.set(i, dx.get(i) + (float) (dy.get(i) * s * (1 - s)));
        }
    }
}
