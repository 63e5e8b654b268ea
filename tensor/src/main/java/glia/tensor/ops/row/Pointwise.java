package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// The operations of `Ops` that treat each token separately and have no weights.
public final class Pointwise {
    private Pointwise() { }

    /// See `Ops.rotate`. The gradient is rotated by the negative angle.
    public record Rotate(Tensor x, int headSize, RopeTable table, Runs runs)
            implements UnaryOperation, Operation.Rounded, Operation.ReadsNothing {
        @Override
        public Tensor forward(Compute ops) {
            return ops.rotate(x, headSize, table, runs);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dy = tape.gradient(y);
            tape.kernels().rotate(dy, headSize, table, runs, -1);
            tape.add(x, dy, 1);
        }

        @Override
        public Operation owned() {
            return new Rotate(x, headSize, table, runs.frozen());
        }
    }

    /// `y = f(gate) · up`: see `Ops.gated`.
    public record Gated(Tensor gate, Tensor up, Activation f)
            implements Operation.Rounded, Operation.ReadsInputs {
        @Override
        public Tensor forward(Compute ops) {
            return ops.gated(gate, up, f);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(gate, up);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.kernels().gradients().gatedBackward(tape.gradient(gate), tape.gradient(up), tape.gradient(y), gate,
                    up, f);
        }
    }

    /// `y = f(x)`.
    public record Activate(Tensor x, Activation f) implements UnaryOperation, Operation.Rounded, Operation.ReadsInputs {
        @Override
        public Tensor forward(Compute ops) {
            return ops.activate(x, f);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.kernels().gradients().activateBackward(tape.gradient(x), tape.gradient(y), x, f);
        }
    }

    /// `y = scale · x`.
    public record Scale(Tensor x, float scale) implements UnaryOperation, Operation.ReadsNothing {
        @Override
        public Tensor forward(Compute ops) {
            return ops.scale(x, scale);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.add(x, tape.gradient(y), scale);
        }
    }
}
