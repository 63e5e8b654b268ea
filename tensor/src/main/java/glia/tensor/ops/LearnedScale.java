package glia.tensor.ops;

import glia.tensor.Tensor;

/// `y = factor · x` with one learned number.
public record LearnedScale(Tensor x, Weight factor) implements Operation {
    public LearnedScale {
        Compute.require(Compute.stored(factor).size() == 1, "multiplied", x, factor);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        ops.kernels().scale(y, x, Compute.stored(factor).get(0));
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(factor);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        tape.add(x, dy, Compute.stored(factor).get(0));
        if (!tape.needs(factor)) {
            return;
        }
        double sum = 0;
        for (long i = 0; i < x.size(); i++) {
            sum += (double) dy.get(i) * x.get(i);
        }
        Tensor dfactor = tape.gradient(factor);
        dfactor.set(0, dfactor.get(0) + (float) sum);
    }
}
