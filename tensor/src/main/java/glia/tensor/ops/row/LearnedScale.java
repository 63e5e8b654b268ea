package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;
import java.util.Arrays;

/// `y = factor · x` with one learned factor.
public record LearnedScale(Tensor x, Weight factor) implements Operation {
    public LearnedScale {
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
        inputs.weights(factor);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        tape.add(x, dy, Compute.stored(factor).get(0));
        if (!tape.needs(factor)) {
            return;
        }
        double[] dots = new double[x.rows()];
        Ranges.run(tape.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                dots[n] = Vectors.dot(dy.address() + n * dy.rowBytes(), x.address() + n * x.rowBytes(), x.cols());
            }
        });
        Tensor dfactor = tape.gradient(factor);
        dfactor.set(0, dfactor.get(0) + (float) Arrays.stream(dots).sum());
    }
}
