package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// `y[n] = x[n] · factors[n]` with constant factors, such as attention temperatures that grow with the position.
public record ScaledRows(Tensor x, float[] factors) implements UnaryOperation {
    public ScaledRows {
        Compute.require(factors.length >= x.rows(), "scaled rows", x, factors.length);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                    y.set(i, x.get(i) * factors[n]);
                }
            }
        });
        return y;
    }

    @Override
    public Operation owned() {
        return new ScaledRows(x, factors.clone());
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Ranges.run(tape.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                    dx.set(i, dx.get(i) + dy.get(i) * factors[n]);
                }
            }
        });
    }
}
