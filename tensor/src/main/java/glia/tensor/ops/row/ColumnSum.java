package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// The sum of a column, in F64: `y = Σ x[n]`, `[N, 1]` to `[1, 1]`.
public record ColumnSum(Tensor x) implements UnaryOperation, Operation.ReadsNothing {
    public ColumnSum {
        Compute.require(x.cols() == 1, "sum of a column", x, 1);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(1, 1);
        double sum = 0;
        for (int n = 0; n < x.rows(); n++) {
            sum += x.get(n);
        }
        y.set(0, (float) sum);
        return y;
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        float g = tape.gradient(y).get(0);
        for (int n = 0; n < x.rows(); n++) {
            dx.set(n, dx.get(n) + g);
        }
    }
}
