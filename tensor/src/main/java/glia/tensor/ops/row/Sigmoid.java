package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// `y = σ(x) = 1 / (1 + e^-x)`.
public record Sigmoid(Tensor x) implements UnaryOperation {
    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        Ranges.run(ops.kernels().workers(), x.rows(), 20L * x.cols(), (from, to) -> {
            for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                y.set(i, (float) (1 / (1 + Math.exp(-x.get(i)))));
            }
        });
        return y;
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Ranges.run(tape.kernels().workers(), x.rows(), 20L * x.cols(), (from, to) -> {
            for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                double s = 1 / (1 + Math.exp(-x.get(i)));
                dx.set(i, dx.get(i) + (float) (dy.get(i) * s * (1 - s)));
            }
        });
    }
}
