package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// Swaps two dimensions of each row: `[N, A·B·E]` to `[N, B·A·E]`.
///
/// @param outer A
/// @param inner B
public record SwappedGroups(Tensor x, int outer, int inner)
        implements UnaryOperation, Operation.Rounded, Operation.ReadsNothing {
    public SwappedGroups {
        Compute.require(outer > 0 && inner > 0 && x.cols() % (outer * inner) == 0, "swapped groups", x, outer);
    }

    /// The place in the result of a number of a row.
    private int place(int col) {
        int size = x.cols() / (outer * inner);
        int group = col / size;
        return (group % inner * outer + group / inner) * size + col % size;
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        Ranges.run(ops.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                long row = (long) n * x.cols();
                for (int i = 0; i < x.cols(); i++) {
                    y.set(row + place(i), x.get(row + i));
                }
            }
        });
        return y;
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Ranges.run(tape.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                long row = (long) n * x.cols();
                for (int i = 0; i < x.cols(); i++) {
                    dx.set(row + i, dx.get(row + i) + dy.get(row + place(i)));
                }
            }
        });
    }
}
