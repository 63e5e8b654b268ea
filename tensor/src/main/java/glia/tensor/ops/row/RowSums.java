package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// The sum of each row, in F64: `[N, C]` to `[N, 1]`.
public record RowSums(Tensor x) implements UnaryOperation {
    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), 1);
        Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                double sum = 0;
                for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                    sum += x.get(i);
                }
                y.set(n, (float) sum);
            }
        });
        return y;
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Ranges.run(tape.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                    dx.set(i, dx.get(i) + dy.get(n));
                }
            }
        });
    }
}
