package glia.tensor.ops.stream;

import glia.tensor.Tensor;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// The weights of manifold-constrained hyper-connections over m streams (https://arxiv.org/abs/2512.24880), from
/// projections z of a token's streams: `[N, (2 + m)·m]` to the same shape, `[read | write | mix]`.
///
/// > read = σ(s₀ z + b) + ε, write = 2 σ(s₁ z + b), mix = C with `C[j,i]` the part of stream i in stream j
///
/// C is the transposed result of Sinkhorn's iteration: a softmax of each row of `s₂ z + b` plus ε, then columns divided
/// by their sum plus ε, then rows and columns in turn. If z has only m columns, the result is `read`.
///
/// @param scale s, `[3]`, or `[1]` for `read` alone
/// @param base b, of a row's length
/// @param iterations how often columns are divided by their sums
public record HyperWeights(Tensor z, Weight scale, Weight base, int numStreams, int iterations, float eps)
        implements Operation.ReadsInputs {
    public HyperWeights {
        int m = numStreams;
        Compute.require(m > 0 && iterations > 0 && (z.cols() == m || z.cols() == (2 + m) * m)
                && Compute.stored(base).size() == z.cols()
                && Compute.stored(scale).size() == (z.cols() == m ? 1 : 3), "hyper-connections", z,
                Compute.stored(base));
    }

    /// Which scale a column of z has.
    private int part(int column) {
        return Math.min(2, column / numStreams);
    }

    /// The place of C's transposed element.
    private int transposed(int at) {
        return at % numStreams * numStreams + at / numStreams;
    }

    private double[] logits(int n, float[] s, float[] b) {
        double[] a = new double[b.length];
        for (int c = 0; c < a.length; c++) {
            a[c] = (double) z.get((long) n * z.cols() + c) * s[part(c)] + b[c];
        }
        return a;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(z.rows(), z.cols());
        float[] s = ChannelBlocks.numbers(scale);
        float[] b = ChannelBlocks.numbers(base);
        int m = numStreams;
        Ranges.run(ops.kernels().workers(), z.rows(), 20L * z.cols() + 4L * iterations * m * m, (from, to) -> {
            for (int n = from; n < to; n++) {
                double[] a = logits(n, s, b);
                long row = (long) n * z.cols();
                for (int c = 0; c < Math.min(2 * m, a.length); c++) {
                    y.set(row + c, (float) (c < m ? sigmoid(a[c]) + eps : 2 * sigmoid(a[c])));
                }
                if (a.length > m) {
                    double[] mixed = new Sinkhorn(a, 2 * m, m, iterations, eps).result();
                    for (int at = 0; at < m * m; at++) {
                        y.set(row + 2 * m + transposed(at), (float) mixed[at]);
                    }
                }
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(z);
        inputs.weights(scale, base);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        Tensor dz = tape.gradient(z);
        Tensor da = tape.scratch(z.rows(), z.cols());
        float[] s = ChannelBlocks.numbers(scale);
        float[] b = ChannelBlocks.numbers(base);
        int m = numStreams;
        Ranges.run(tape.kernels().workers(), z.rows(), 20L * z.cols() + 12L * iterations * m * m, (from, to) -> {
            for (int n = from; n < to; n++) {
                double[] a = logits(n, s, b);
                long row = (long) n * z.cols();
                for (int c = 0; c < Math.min(2 * m, a.length); c++) {
                    double g = sigmoid(a[c]);
                    da.set(row + c, (float) (dy.get(row + c) * (c < m ? 1 : 2) * g * (1 - g)));
                }
                if (a.length > m) {
                    double[] gradient = new double[m * m];
                    for (int at = 0; at < m * m; at++) {
                        gradient[at] = dy.get(row + 2 * m + transposed(at));
                    }
                    gradient = new Sinkhorn(a, 2 * m, m, iterations, eps).backward(gradient);
                    for (int at = 0; at < m * m; at++) {
                        da.set(row + 2 * m + at, (float) gradient[at]);
                    }
                }
                for (int c = 0; c < a.length; c++) {
                    dz.set(row + c, dz.get(row + c) + da.get(row + c) * s[part(c)]);
                }
            }
        });
        addWeightGradients(tape, da);
    }

    private void addWeightGradients(Tape tape, Tensor da) {
        double[] ds = new double[3];
        Tensor db = tape.gradient(base);
        for (int c = 0; c < z.cols(); c++) {
            double sum = 0;
            for (int n = 0; n < z.rows(); n++) {
                double d = da.get((long) n * z.cols() + c);
                sum += d;
                ds[part(c)] += d * z.get((long) n * z.cols() + c);
            }
            db.set(c, db.get(c) + (float) sum);
        }
        Tensor dscale = tape.gradient(scale);
        for (int i = 0; i < dscale.size(); i++) {
            dscale.set(i, dscale.get(i) + (float) ds[i]);
        }
    }
}
