package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;

/// `y = x · σ(gate)`, with a gate of x's shape, or one gate for each group of columns: gate `[N, G]` for x `[N, G·E]`.
public record SigmoidGate(Tensor x, Tensor gate) implements Operation.Rounded, Operation.ReadsInputs {
    public SigmoidGate {
        Compute.require(x.rows() == gate.rows() && gate.cols() > 0 && x.cols() % gate.cols() == 0, "gate", x, gate);
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /// Approximate cost of a row; an exponential costs about twenty multiplications.
    private long cost() {
        return 2L * x.cols() + 20L * gate.cols();
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        int size = x.cols() / gate.cols();
        Ranges.run(ops.kernels().workers(), x.rows(), cost(), (from, to) -> {
            for (long g = (long) from * gate.cols(); g < (long) to * gate.cols(); g++) {
                float factor = (float) sigmoid(gate.get(g));
                for (long i = g * size; i < (g + 1) * size; i++) {
                    y.set(i, x.get(i) * factor);
                }
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x, gate);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dgate = tape.gradient(gate);
        Tensor dy = tape.gradient(y);
        int size = x.cols() / gate.cols();
        Ranges.run(tape.kernels().workers(), x.rows(), cost(), (from, to) -> {
            for (long g = (long) from * gate.cols(); g < (long) to * gate.cols(); g++) {
                double s = sigmoid(gate.get(g));
                double dot = 0;
                for (long i = g * size; i < (g + 1) * size; i++) {
                    dot += (double) dy.get(i) * x.get(i);
                    dx.set(i, dx.get(i) + (float) (dy.get(i) * s));
                }
                dgate.set(g, dgate.get(g) + (float) (dot * s * (1 - s)));
            }
        });
    }
}
