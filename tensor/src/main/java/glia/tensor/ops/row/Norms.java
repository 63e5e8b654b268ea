package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import java.util.Optional;

/// The operations of `Ops` with a weight for each column.
public final class Norms {
    private Norms() { }

    /// `y = x + b`: see `Ops.addBias`.
    public record AddBias(Tensor x, Weight b) implements Operation.Rounded, Operation.ReadsNothing {
        @Override
        public Tensor forward(Compute ops) {
            return ops.addBias(x, b);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(b);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            if (tape.needs(b)) {
                tape.kernels().gradients().sumRows(tape.gradient(b), tape.gradient(y));
            }
            tape.add(x, tape.gradient(y), 1);
        }
    }

    /// `y = x / √(mean(x²) + eps) · (w + offset)`: see `Ops.rmsNorm`.
    public record Rms(Tensor x, Weight w, float eps, float offset)
            implements Operation.Rounded, Operation.ReadsInputs {
        @Override
        public Tensor forward(Compute ops) {
            return ops.rmsNorm(x, w, eps, offset);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(w);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            tape.kernels().gradients().rmsNormBackward(tape.gradient(x), tape.needs(w) ? tape.gradient(w) : null,
                    tape.gradient(y), x, Compute.stored(w), eps, offset);
        }
    }

    /// `y = (x - mean) / √(var + eps) · w + b`, or without b: see `Ops.layerNorm`.
    public record Layer(Tensor x, Weight w, Optional<Weight> b, float eps)
            implements Operation.Rounded, Operation.ReadsInputs {
        @Override
        public Tensor forward(Compute ops) {
            return b.isEmpty() ? ops.layerNorm(x, w, eps) : ops.layerNorm(x, w, b.get(), eps);
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(x);
            inputs.weights(w);
            b.ifPresent(inputs::weights);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dy = tape.gradient(y);
            if (tape.needs(x) || tape.needs(w)) {
                tape.kernels().gradients().layerNormBackward(tape.gradient(x), tape.needs(w) ? tape.gradient(w) : null,
                        dy, x,
                        Compute.stored(w), eps);
            }
            if (b.isPresent() && tape.needs(b.get())) {
                tape.kernels().gradients().sumRows(tape.gradient(b.get()), dy);
            }
        }
    }
}
