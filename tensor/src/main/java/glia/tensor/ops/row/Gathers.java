package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import glia.tensor.ops.Weight;

/// The operations of `Ops` that select rows.
public final class Gathers {
    private Gathers() { }

    /// `y[n] = table[ids[n]]`: see `Ops.embed`.
    public record Embed(Weight table, int[] ids, int count, int frozenRow) implements Operation {
        @Override
        public Tensor forward(Compute ops) {
            return ops.embed(table, ids, count, frozenRow);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.weights(table);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.products().addRowGradients(tape, table, tape.gradient(y), ids, count, frozenRow);
        }
    }

    /// `y[n] = x[rows[n]]`: see `Ops.select`.
    public record Select(Tensor x, int[] rows, int count) implements UnaryOperation {
        @Override
        public Tensor forward(Compute ops) {
            return ops.select(x, rows, count);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.kernels().gradients().scatterAdd(tape.gradient(x), tape.gradient(y), rows, count, -1);
        }
    }
}
