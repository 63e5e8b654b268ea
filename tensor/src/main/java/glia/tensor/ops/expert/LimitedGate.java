package glia.tensor.ops.expert;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;

/// The gated activation of an MLP with limits (see `MlpForm.Limited`):
/// `y = f(slope · min(gate, limit)) · (clamp(up, ±limit) + shift) / slope`. Beyond the limits the gradient is 0.
public record LimitedGate(Tensor gate, Tensor up, MlpForm.Limited form)
        implements Operation.Rounded, Operation.ReadsInputs {
    public LimitedGate {
        Compute.require(gate.rows() == up.rows() && gate.cols() == up.cols(), "gates with limits", gate, up);
    }

    private float cutGate(long i) {
        return form.slope() * Math.min(gate.get(i), form.limit());
    }

    private float cutUp(long i) {
        return (Math.clamp(up.get(i), -form.limit(), form.limit()) + form.shift()) / form.slope();
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(up.rows(), up.cols());
        Ranges.run(ops.kernels().workers(), up.rows(), 20L * up.cols(), (from, to) -> {
            for (long i = (long) from * up.cols(); i < (long) to * up.cols(); i++) {
                y.set(i, (float) (form.activation().value(cutGate(i)) * cutUp(i)));
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(gate, up);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dgate = tape.gradient(gate);
        Tensor dup = tape.gradient(up);
        Tensor dy = tape.gradient(y);
        Ranges.run(tape.kernels().workers(), up.rows(), 40L * up.cols(), (from, to) -> {
            for (long i = (long) from * up.cols(); i < (long) to * up.cols(); i++) {
                double d = dy.get(i);
                if (gate.get(i) <= form.limit()) {
                    dgate.set(i, dgate.get(i) + (float) (d * cutUp(i) * form.slope()
                            * form.activation().derivative(cutGate(i))));
                }
                if (Math.abs(up.get(i)) <= form.limit()) {
                    dup.set(i, dup.get(i) + (float) (d * form.activation().value(cutGate(i)) / form.slope()));
                }
            }
        });
    }
}
