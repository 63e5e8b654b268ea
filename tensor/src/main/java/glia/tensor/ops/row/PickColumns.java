package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// Picks columns of each row: `y[n,j] = x[n, columns[n·k + j]]`, `[N, C]` to `[N, k]`, such as the log-probabilities of
/// given tokens.
public record PickColumns(Tensor x, int[] columns) implements UnaryOperation {
    public PickColumns {
        Compute.require(x.rows() == 0 ? columns.length == 0 : columns.length % x.rows() == 0, "picked columns", x,
                columns.length);
        for (int column : columns) {
            Compute.require(column >= 0 && column < x.cols(), "picked columns", x, column);
        }
    }

    private int count() {
        return x.rows() == 0 ? 0 : columns.length / x.rows();
    }

    private long place(int i) {
        return (long) (i / count()) * x.cols() + columns[i];
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), count());
        for (int i = 0; i < columns.length; i++) {
            y.set(i, x.get(place(i)));
        }
        return y;
    }

    @Override
    public Operation owned() {
        return new PickColumns(x, columns.clone());
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        for (int i = 0; i < columns.length; i++) {
            dx.set(place(i), dx.get(place(i)) + dy.get(i));
        }
    }
}
