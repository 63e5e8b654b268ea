package glia.tensor.ops;

import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.Runs;

/// Remembers rows that a later pass will need, when this one attends without them. The result is the rows themselves.
public record Appended(Tensor rows, KeyValueState state, Runs runs) implements Operation {
    @Override
    public Tensor forward(Compute ops) {
        state.append(rows, rows, runs);
        return rows;
    }

    @Override
    public void inputs(Inputs inputs) { }

    /// Nothing: the gradient of the rows is that of the result.
    @Override
    public void backward(Tape tape, Tensor y) { }
}
