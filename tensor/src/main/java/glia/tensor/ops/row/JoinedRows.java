package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;

/// Selects rows of two matrices: `y[i]` is row `rows[i]` of a with b below it.
public record JoinedRows(Tensor a, Tensor b, int[] rows) implements Operation {
    public JoinedRows {
        Compute.require(a.cols() == b.cols(), "joined rows", a, b);
    }

    private Tensor row(Tensor ofA, Tensor ofB, int i) {
        int row = rows[i];
        return row < a.rows() ? ofA.rows(row, row + 1) : ofB.rows(row - a.rows(), row - a.rows() + 1);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(rows.length, a.cols());
        for (int i = 0; i < rows.length; i++) {
            y.rows(i, i + 1).copyFrom(row(a, b, i));
        }
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(a, b);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor da = tape.gradient(a);
        Tensor db = tape.gradient(b);
        Tensor dy = tape.gradient(y);
        for (int i = 0; i < rows.length; i++) {
            Vectors.addScaled(row(da, db, i).address(), dy.address() + i * dy.rowBytes(), 1, a.cols());
        }
    }

    @Override
    public Reads backwardReads() {
        return Reads.NOTHING;
    }
}
