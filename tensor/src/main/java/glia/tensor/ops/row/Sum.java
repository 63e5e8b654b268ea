package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;

/// `y = a · scaleA + b · scaleB`; unlike `Ops.residual` it overwrites neither.
public record Sum(Tensor a, float scaleA, Tensor b, float scaleB) implements Operation.ReadsNothing {
    public Sum {
        Compute.require(a.rows() == b.rows() && a.cols() == b.cols(), "sum", a, b);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(a.rows(), a.cols());
        if (scaleA == 1) {
            ops.kernels().add(y, a, b, scaleB);
        } else {
            ops.kernels().scale(y, a, scaleA);
            ops.kernels().add(y, y, b, scaleB);
        }
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(a, b);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        tape.add(a, tape.gradient(y), scaleA);
        tape.add(b, tape.gradient(y), scaleB);
    }
}
