package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// Each `count` consecutive rows side by side: `[N, D]` to `[N/count, count·D]`.
public record FoldedRows(Tensor x, int count) implements UnaryOperation {
    public FoldedRows {
        Compute.require(count > 0 && x.rows() % count == 0, "fold rows", x, count);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows() / count, count * x.cols());
        y.copyFrom(x.reshape(y.rows(), y.cols()));
        return y;
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        tape.kernels().add(dx, dx, tape.gradient(y).reshape(x.rows(), x.cols()), 1);
    }

    @Override
    public Reads backwardReads() {
        return Reads.NOTHING;
    }

    /// The reverse: each row as `count` rows, `[N, count·C]` to `[N·count, C]`.
    public record Split(Tensor x, int count) implements UnaryOperation, Operation.ReadsNothing {
        public Split {
            Compute.require(count > 0 && x.cols() % count == 0, "split rows", x, count);
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(x.rows() * count, x.cols() / count);
            y.copyFrom(x.reshape(y.rows(), y.cols()));
            return y;
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dx = tape.gradient(x);
            tape.kernels().add(dx, dx, tape.gradient(y).reshape(x.rows(), x.cols()), 1);
        }
    }
}
