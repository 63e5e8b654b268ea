package glia.tensor.ops.stream;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;

/// x with the root mean square of another tensor's row: `y = x · √(mean(r²)) / √(max(mean(x²), eps))`.
///
/// @param reference r, of x's shape
public record MatchedNorm(Tensor x, Tensor reference, float eps) implements Operation.ReadsInputs {
    public MatchedNorm {
        Compute.require(x.rows() == reference.rows() && x.cols() == reference.cols(), "matched norms", x, reference);
    }

    private static double meanSquare(Tensor t, int n) {
        double sum = 0;
        for (long i = (long) n * t.cols(); i < (n + 1L) * t.cols(); i++) {
            sum += (double) t.get(i) * t.get(i);
        }
        return sum / t.cols();
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        Ranges.run(ops.kernels().workers(), x.rows(), 3L * x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                double factor = Math.sqrt(meanSquare(reference, n) / Math.max(meanSquare(x, n), eps));
                for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                    y.set(i, (float) (x.get(i) * factor));
                }
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x, reference);
    }

    /// With factor `f = t / s`: `dx += f · dy - x · f · (dy · x) / (D s²)`, without the second term below eps, and
    /// `dr += r · (dy · x) / (D s t)`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dr = tape.gradient(reference);
        Tensor dy = tape.gradient(y);
        Ranges.run(tape.kernels().workers(), x.rows(), 8L * x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                double square = meanSquare(x, n);
                double s = Math.sqrt(Math.max(square, eps));
                double t = Math.sqrt(meanSquare(reference, n));
                double dot = 0;
                for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                    dot += (double) dy.get(i) * x.get(i);
                }
                double pull = square < eps ? 0 : dot / (x.cols() * s * s);
                double push = t == 0 ? 0 : dot / (x.cols() * s * t);
                for (long i = (long) n * x.cols(); i < (n + 1L) * x.cols(); i++) {
                    dx.set(i, dx.get(i) + (float) (t / s * (dy.get(i) - x.get(i) * pull)));
                    dr.set(i, dr.get(i) + (float) (reference.get(i) * push));
                }
            }
        });
    }
}
