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

    /// Sinkhorn's iteration on one m×m matrix, with its gradient: `C = softmax of each row + ε`, then columns, and
    /// afterwards rows and columns in turn, are divided by their sum plus ε (https://doi.org/10.2140/pjm.1967.21.343).
    static final class Sinkhorn {
        private final int m;
        private final double eps;
        private final double[] softmax;
        /// The matrix after each division, and the divisors of its rows or columns.
        private final double[][] stages;
        private final double[][] divisors;

        /// @param logits holds the matrix row by row at `from`
        Sinkhorn(double[] logits, int from, int m, int iterations, double eps) {
            this.m = m;
            this.eps = eps;
            softmax = softmax(logits, from);
            int numStages = 2 * iterations - 1;
            stages = new double[numStages][];
            divisors = new double[numStages][];
            double[] c = softmax.clone();
            for (int at = 0; at < c.length; at++) {
                c[at] += eps;
            }
            for (int stage = 0; stage < numStages; stage++) {
                c = divided(c, stage);
            }
        }

        private double[] softmax(double[] logits, int from) {
            double[] p = new double[m * m];
            for (int row = 0; row < p.length; row += m) {
                double largest = Double.NEGATIVE_INFINITY;
                for (int i = 0; i < m; i++) {
                    largest = Math.max(largest, logits[from + row + i]);
                }
                double sum = 0;
                for (int i = 0; i < m; i++) {
                    p[row + i] = Math.exp(logits[from + row + i] - largest);
                    sum += p[row + i];
                }
                for (int i = 0; i < m; i++) {
                    p[row + i] /= sum;
                }
            }
            return p;
        }

        /// The line, a column in even stages and a row in odd ones, of an element.
        private int line(int stage, int at) {
            return stage % 2 == 0 ? at % m : at / m;
        }

        private double[] divided(double[] c, int stage) {
            double[] sums = new double[m];
            for (int at = 0; at < c.length; at++) {
                sums[line(stage, at)] += c[at];
            }
            double[] next = new double[c.length];
            for (int i = 0; i < m; i++) {
                sums[i] += eps;
            }
            for (int at = 0; at < c.length; at++) {
                next[at] = c[at] / sums[line(stage, at)];
            }
            stages[stage] = next;
            divisors[stage] = sums;
            return next;
        }

        /// C, row by row.
        double[] result() {
            return stages[stages.length - 1];
        }

        /// The gradient of the logits. Through a division by sums: `dc = (dy - Σ_line dy · y) / sum`.
        double[] backward(double[] dresult) {
            double[] d = dresult;
            for (int stage = stages.length - 1; stage >= 0; stage--) {
                double[] dots = new double[m];
                for (int at = 0; at < d.length; at++) {
                    dots[line(stage, at)] += d[at] * stages[stage][at];
                }
                double[] before = new double[d.length];
                for (int at = 0; at < d.length; at++) {
                    int line = line(stage, at);
                    before[at] = (d[at] - dots[line]) / divisors[stage][line];
                }
                d = before;
            }
            double[] dlogits = new double[d.length];
            for (int row = 0; row < d.length; row += m) {
                double dot = 0;
                for (int i = row; i < row + m; i++) {
                    dot += d[i] * softmax[i];
                }
                for (int i = row; i < row + m; i++) {
                    dlogits[i] = softmax[i] * (d[i] - dot);
                }
            }
            return dlogits;
        }
    }
}
