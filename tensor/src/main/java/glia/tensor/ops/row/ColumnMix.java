package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// A mixture of two tensors with a learned share for each column: `y = w ⊙ a + (1 - w) ⊙ b`
/// (https://arxiv.org/abs/2305.13048).
///
/// @param a `[N, D]`
/// @param b `[N, D]`
/// @param w `[D]`
public record ColumnMix(Tensor a, Tensor b, Weight w) implements Operation.ReadsInputs, Operation.Rounded {
    public ColumnMix {
        Compute.require(a.rows() == b.rows() && a.cols() == b.cols() && Compute.stored(w).size() == a.cols(),
                "mixture", a, b);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(a.rows(), a.cols());
        Tensor share = Compute.stored(w);
        Ranges.run(ops.kernels().workers(), a.rows(), 3L * a.cols(), (from, to) -> {
            for (long i = (long) from * a.cols(); i < (long) to * a.cols(); i++) {
                float s = share.get(i % a.cols());
                y.set(i, s * a.get(i) + (1 - s) * b.get(i));
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(a, b);
        inputs.weights(w);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor da = tape.gradient(a);
        Tensor db = tape.gradient(b);
        Tensor dw = tape.gradient(w);
        Tensor dy = tape.gradient(y);
        Tensor share = Compute.stored(w);
        // Threads share the columns, so that each sum has a fixed order.
        Ranges.run(tape.kernels().workers(), a.cols(), 6L * a.rows(), (from, to) -> {
            for (int c = from; c < to; c++) {
                float s = share.get(c);
                double sum = 0;
                for (long i = c; i < a.size(); i += a.cols()) {
                    float d = dy.get(i);
                    da.set(i, da.get(i) + s * d);
                    db.set(i, db.get(i) + (1 - s) * d);
                    sum += (double) d * (a.get(i) - b.get(i));
                }
                dw.set(c, (float) (dw.get(c) + sum));
            }
        });
    }
}
