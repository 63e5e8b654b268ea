package glia.tensor.autograd;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;

/// Operations whose result lies in memory that the recording allocated outside of the workspace.
final class Pooled {
    private Pooled() { }

    /// `y = a + scale · b`, in given memory.
    record Sum(Tensor y, Tensor a, Tensor b, float scale) implements Operation {
        @Override
        public Tensor forward(Compute ops) {
            ops.kernels().add(y, a, b, scale);
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(a, b);
        }

        @Override
        public void backward(Tape tape, Tensor result) {
            tape.add(a, tape.gradient(result), 1);
            tape.add(b, tape.gradient(result), scale);
        }

        @Override
        public Reads backwardReads() {
            return Reads.NOTHING;
        }
    }

    /// A copy in given memory.
    record Copy(Tensor y, Tensor x) implements Operation {
        @Override
        public Tensor forward(Compute ops) {
            y.copyFrom(x);
            return y;
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
        }

        @Override
        public void backward(Tape tape, Tensor result) {
            tape.add(x, tape.gradient(result), 1);
        }

        @Override
        public Reads backwardReads() {
            return Reads.NOTHING;
        }
    }
}
