package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// Subtracts the mean of each group of `size` columns: `y = x - mean(x)`. With an RMS norm after it this is layer
/// normalization. https://arxiv.org/abs/1607.06450
public record Center(Tensor x, int size) implements UnaryOperation, Operation.Rounded, Operation.ReadsNothing {
    public Center {
        Compute.require(size > 0 && x.cols() % size == 0, "center", x, size);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        y.zero();
        Ranges.run(ops.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
            addCentered(y, x, from, to);
        });
        return y;
    }

    /// `dx += dy - mean(dy)`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Ranges.run(tape.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
            addCentered(dx, dy, from, to);
        });
    }

    private void addCentered(Tensor to, Tensor from, int firstRow, int endRow) {
        for (long at = (long) firstRow * x.cols(); at < (long) endRow * x.cols(); at += size) {
            double sum = 0;
            for (long i = at; i < at + size; i++) {
                sum += from.get(i);
            }
            double mean = sum / size;
            for (long i = at; i < at + size; i++) {
                to.set(i, (float) (to.get(i) + from.get(i) - mean));
            }
        }
    }
}
