package glia.tensor.ops.attention;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// The difference of two halves of the heads (https://arxiv.org/abs/2410.05258): `y = x₁ - λ · x₂`, with
/// `λ = exp(q₁·k₁) - exp(q₂·k₂) + first`.
///
/// @param x `[N, 2·C]`, the first half of the heads in the first C columns
/// @param q1 a vector, as are the other weights
public record HeadDifference(Tensor x, Weight q1, Weight k1, Weight q2, Weight k2, float first)
        implements Operation.ReadsInputs {
    public HeadDifference {
        long size = Compute.stored(q1).size();
        Compute.require(x.cols() % 2 == 0 && Compute.stored(k1).size() == size && Compute.stored(q2).size() == size
                && Compute.stored(k2).size() == size, "difference of heads", x, Compute.stored(q1));
    }

    private static double exponential(Weight q, Weight k) {
        Tensor a = Compute.stored(q);
        Tensor b = Compute.stored(k);
        double dot = 0;
        for (long i = 0; i < a.size(); i++) {
            dot += (double) a.get(i) * b.get(i);
        }
        return Math.exp(dot);
    }

    private float lambda() {
        return (float) (exponential(q1, k1) - exponential(q2, k2) + first);
    }

    @Override
    public Tensor forward(Compute ops) {
        int cols = x.cols() / 2;
        Tensor y = ops.allocate(x.rows(), cols);
        float lambda = lambda();
        Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                for (int i = 0; i < cols; i++) {
                    long at = (long) n * x.cols() + i;
                    y.set((long) n * cols + i, x.get(at) - lambda * x.get(at + cols));
                }
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(q1, k1, q2, k2);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        int cols = x.cols() / 2;
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        float lambda = lambda();
        double sum = 0;
        for (int n = 0; n < x.rows(); n++) {
            for (int i = 0; i < cols; i++) {
                long at = (long) n * x.cols() + i;
                float d = dy.get((long) n * cols + i);
                dx.set(at, dx.get(at) + d);
                dx.set(at + cols, dx.get(at + cols) - lambda * d);
                sum -= (double) d * x.get(at + cols);
            }
        }
        add(tape, q1, k1, sum * exponential(q1, k1));
        add(tape, k1, q1, sum * exponential(q1, k1));
        add(tape, q2, k2, -sum * exponential(q2, k2));
        add(tape, k2, q2, -sum * exponential(q2, k2));
    }

    private static void add(Tape tape, Weight of, Weight other, double factor) {
        if (tape.needs(of)) {
            Tensor d = tape.gradient(of);
            Tensor b = Compute.stored(other);
            for (long i = 0; i < d.size(); i++) {
                d.set(i, d.get(i) + (float) (factor * b.get(i)));
            }
        }
    }
}
