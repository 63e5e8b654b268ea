package glia.tensor.ops;

import glia.tensor.Tensor;

/// The loss of `Ops.crossEntropy` as a matrix of one number. It is an end of a recording: its gradient is 1.
final class CrossEntropy implements Operation {
    private final Tensor logits;
    private final int[] targets;
    private double loss;

    CrossEntropy(Tensor logits, int[] targets) {
        this.logits = logits;
        this.targets = targets;
    }

    /// The loss, once `forward` has run.
    double loss() {
        return loss;
    }

    @Override
    public Tensor forward(Compute ops) {
        loss = ops.crossEntropy(logits, targets);
        Tensor y = ops.allocate(1, 1);
        y.set(0, (float) loss);
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(logits);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        new Backward(tape.kernels().workers()).crossEntropy(tape.gradient(logits), logits, targets, tape.kernels());
    }
}
