package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// `y = factor · x` with one stored factor that gets no gradient, so training leaves it as it is.
public record StoredScale(Tensor x, Weight factor) implements Operation.ReadsNothing {
    public StoredScale {
        Compute.require(Compute.stored(factor).size() == 1, "multiplied", x, factor);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        ops.kernels().scale(y, x, Compute.stored(factor).get(0));
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        tape.add(x, tape.gradient(y), Compute.stored(factor).get(0));
    }
}
