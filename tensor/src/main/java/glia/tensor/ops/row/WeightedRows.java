package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// Weighted sums of the rows of a table, `y = p · table`: `[N, V]` and `[V, D]` to `[N, D]`, such as the mean embedding
/// under probabilities p, which are constants.
public record WeightedRows(Tensor p, Weight table) implements Operation {
    public WeightedRows {
        Compute.require(p.cols() == table.rows(), "weighted rows", p, table);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(p.rows(), table.cols());
        y.zero();
        ops.products().addInputGradient(y, p, table);
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.weights(table);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        tape.products().addWeightGradient(tape, table, p, tape.gradient(y));
    }
}
