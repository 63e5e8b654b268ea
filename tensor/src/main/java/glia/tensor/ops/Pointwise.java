package glia.tensor.ops;

import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;

/// The operations of `Ops` that work on each token by itself and learn nothing.
final class Pointwise {
    private Pointwise() { }

    /// See `Ops.rotate`. The gradient turns back.
    record Rotate(Tensor x, int headSize, RopeTable table, Runs runs) implements Operation {
        @Override
        public Tensor forward(Compute ops) {
            return ops.rotate(x, headSize, table, runs);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
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
    record Gated(Tensor gate, Tensor up, Activation f) implements Operation {
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
            tape.kernels().gatedBackward(tape.gradient(gate), tape.gradient(up), tape.gradient(y), gate, up, f);
        }
    }

    /// `y = f(x)`.
    record Activate(Tensor x, Activation f) implements Operation {
        @Override
        public Tensor forward(Compute ops) {
            return ops.activate(x, f);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.kernels().activateBackward(tape.gradient(x), tape.gradient(y), x, f);
        }
    }

    /// `y = scale · x`.
    record Scale(Tensor x, float scale) implements Operation {
        @Override
        public Tensor forward(Compute ops) {
            return ops.scale(x, scale);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.add(x, tape.gradient(y), scale);
        }
    }
}
