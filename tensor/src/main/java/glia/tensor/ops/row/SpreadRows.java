package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// Places rows among rows of zeros: `y[rows[i]] = x[i]`, `[M, D]` to `[N, D]`.
public record SpreadRows(Tensor x, int[] rows, int numRows) implements UnaryOperation, Operation.ReadsNothing {
    public SpreadRows {
        Compute.require(rows.length == x.rows(), "spread rows", x, rows.length);
        for (int row : rows) {
            Compute.require(row >= 0 && row < numRows, "spread rows", x, row);
        }
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(numRows, x.cols());
        y.zero();
        for (int i = 0; i < rows.length; i++) {
            y.rows(rows[i], rows[i] + 1).copyFrom(x.rows(i, i + 1));
        }
        return y;
    }

    @Override
    public Operation owned() {
        return new SpreadRows(x, rows.clone(), numRows);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        for (int i = 0; i < rows.length; i++) {
            Vectors.addScaled(dx.address() + i * dx.rowBytes(), dy.address() + rows[i] * dy.rowBytes(), 1, x.cols());
        }
    }
}
