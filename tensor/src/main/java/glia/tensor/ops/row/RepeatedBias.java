package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// Adds the same bias to each group of columns, such as the heads of a row: `y[n, g·E + i] = x[n, g·E + i] + b[i]`.
///
/// @param b `[E]`, for x `[N, G·E]`
public record RepeatedBias(Tensor x, Weight b) implements Operation.Rounded, Operation.ReadsNothing {
    public RepeatedBias {
        long size = Compute.stored(b).size();
        Compute.require(size > 0 && x.cols() % size == 0, "repeated bias", x, Compute.stored(b));
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        Tensor bias = Compute.stored(b);
        Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
            for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                y.set(i, x.get(i) + bias.get(i % bias.size()));
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(b);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        tape.add(x, dy, 1);
        if (tape.needs(b)) {
            Tensor db = tape.gradient(b);
            double[] sums = new double[Math.toIntExact(db.size())];
            for (long i = 0; i < dy.size(); i++) {
                sums[(int) (i % sums.length)] += dy.get(i);
            }
            for (int i = 0; i < sums.length; i++) {
                db.set(i, db.get(i) + (float) sums[i]);
            }
        }
    }
}
