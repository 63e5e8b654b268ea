package glia.tensor.ops.stream;

import glia.tensor.Tensor;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;

/// Weighted sums of residual streams: `y_j = Σ_i (w[j,i] + base[j,i]) · x_i` for each token, `[N, m·D]` to `[N, k·D]`.
/// One output reads the streams, one input writes to all of them. https://arxiv.org/abs/2409.19606
///
/// @param x m streams of D columns side by side
/// @param weights `[N, k·m]`, w of each token row by row
/// @param numInputs m
/// @param base `[k·m]`, what is added to w, such as 1 where a stream stays; empty for 0
public record StreamMix(Tensor x, Tensor weights, int numInputs, float... base)
        implements Operation.ReadsInputs {
    public StreamMix {
        Compute.require(numInputs > 0 && x.cols() % numInputs == 0 && weights.cols() % numInputs == 0
                && weights.rows() == x.rows() && (base.length == 0 || base.length == weights.cols()), "streams", x,
                weights);
        base = base.clone();
    }

    private int size() {
        return x.cols() / numInputs;
    }

    private int numOutputs() {
        return weights.cols() / numInputs;
    }

    private float weight(int n, int at) {
        return weights.get((long) n * weights.cols() + at) + (base.length == 0 ? 0 : base[at]);
    }

    private static long stream(Tensor t, int n, int stream, int size) {
        return t.address() + 4 * ((long) n * t.cols() + (long) stream * size);
    }

    @Override
    public Tensor forward(Compute ops) {
        int size = size();
        Tensor y = ops.allocate(x.rows(), numOutputs() * size);
        Ranges.run(ops.kernels().workers(), x.rows(), 2L * numOutputs() * x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                for (int i = 0; i < y.cols(); i++) {
                    y.set((long) n * y.cols() + i, 0);
                }
                for (int at = 0; at < weights.cols(); at++) {
                    Vectors.addScaled(stream(y, n, at / numInputs, size), stream(x, n, at % numInputs, size),
                            weight(n, at), size);
                }
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x, weights);
    }

    /// `dx_i += Σ_j (w[j,i] + base[j,i]) · dy_j`, `dw[j,i] += dy_j · x_i`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dw = tape.gradient(weights);
        Tensor dy = tape.gradient(y);
        int size = size();
        Ranges.run(tape.kernels().workers(), x.rows(), 4L * numOutputs() * x.cols(), (from, to) -> {
            for (int n = from; n < to; n++) {
                for (int at = 0; at < weights.cols(); at++) {
                    long out = stream(dy, n, at / numInputs, size);
                    Vectors.addScaled(stream(dx, n, at % numInputs, size), out, weight(n, at), size);
                    long w = (long) n * weights.cols() + at;
                    dw.set(w, dw.get(w) + (float) Vectors.dot(out, stream(x, n, at % numInputs, size), size));
                }
            }
        });
    }

    /// x with the root mean square of another tensor's row: `y = x · √(mean(r²)) / √(max(mean(x²), eps))`.
    ///
    /// @param reference r, of x's shape
    public record MatchedNorm(Tensor x, Tensor reference, float eps) implements Operation.ReadsInputs {
        public MatchedNorm {
            Compute.require(x.rows() == reference.rows() && x.cols() == reference.cols(), "matched norms", x,
                    reference);
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
}
