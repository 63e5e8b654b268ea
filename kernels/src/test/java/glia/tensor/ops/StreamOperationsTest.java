package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;

import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.attention.BiasedAttention;
import glia.tensor.ops.expert.LimitedGate;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.row.Norms.LengthLimit;
import glia.tensor.ops.row.Pointwise.DeviationCut;
import glia.tensor.ops.row.Scales.WeightedColumns;
import glia.tensor.ops.scan.DynamicConvolution;
import glia.tensor.ops.stream.HyperWeights;
import glia.tensor.ops.stream.StateMix;
import glia.tensor.ops.stream.StreamMix.MatchedNorm;
import glia.tensor.ops.stream.StreamMix;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Operations over several residual streams, those of Gemma 3n, and gates with limits, compared with their formulas in
/// F64.
class StreamOperationsTest {
    private static final float[] BASE = {1, 0, 0.5f, 0, 1, -1};
    private static final double EPS = 1e-2;

    private static Stream<Case> cases() {
        return Stream.of(
                of("streams", (ops, w) -> ops.apply(new StreamMix(rows(ops, w[0]), rows(ops, w[1]), 3, BASE)),
                        w -> mixed(w[0], w[1]), shape(2, 15), shape(2, 6)),
                of("weights of streams", (ops, w) -> ops.apply(new HyperWeights(rows(ops, w[0]), w[1], w[2], 3, 3,
                        (float) EPS)), w -> weights(w[0], w[1], w[2], 3, 3), shape(2, 15), shape(3), shape(15)),
                of("weights of a sum", (ops, w) -> ops.apply(new HyperWeights(rows(ops, w[0]), w[1], w[2], 4, 1,
                        (float) EPS)), w -> weights(w[0], w[1], w[2], 4, 0), shape(3, 4), shape(1), shape(4)),
                of("matched norms", (ops, w) -> ops.apply(new MatchedNorm(rows(ops, w[0]), rows(ops, w[1]), 1e-5f)),
                        w -> IntStream.range(0, 14).mapToDouble(i -> w[0][i] * norm(w[1], i / 7, 7)
                                / norm(w[0], i / 7, 7)).toArray(), shape(2, 7), shape(2, 7)),
                of("matched norms below the least", (ops, w) -> ops.apply(
                        new MatchedNorm(rows(ops, w[0]), rows(ops, w[1]), 100)),
                        w -> IntStream.range(0, 14).mapToDouble(i -> w[0][i] * norm(w[1], i / 7, 7) / 10).toArray(),
                        shape(2, 7), shape(2, 7)),
                of("weighted columns", (ops, w) -> ops.apply(new WeightedColumns(rows(ops, w[0]), w[1])),
                        w -> IntStream.range(0, 15).mapToDouble(i -> w[0][i] * w[1][i % 5]).toArray(), shape(3, 5),
                        shape(5)),
                of("gate with limits", (ops, w) -> ops.apply(new LimitedGate(rows(ops, w[0]), rows(ops, w[1]),
                        new MlpForm.Cut(Activation.GELU, 0.8f))), w -> limited(w[0], w[1],
                                Activation.GELU::value, 0.8f, 0), shape(2, 13), shape(2, 13)),
                of("gate with limits and a shift", (ops, w) -> ops.apply(new LimitedGate(rows(ops, w[0]),
                        rows(ops, w[1]), new MlpForm.Clamped(1.7f, 0.6f))), w -> limited(w[0], w[1],
                                g -> g / (1 + Math.exp(-1.7f * g)), 0.6f, 1), shape(2, 13), shape(2, 13)),
                of("mix of states", (ops, w) -> ops.apply(new StateMix(rows(ops, w[0]), w[1])),
                        w -> mixedStates(w[0], w[1]), shape(3, 12), shape(2, 4)),
                of("limit of lengths", (ops, w) -> ops.apply(new LengthLimit(rows(ops, w[0]), 4, 1.1f)),
                        w -> IntStream.range(0, 24).mapToDouble(i -> w[0][i] * Math.min(1,
                                1.1f / (length(w[0], i / 4, 4) + 1e-6))).toArray(), shape(2, 12)),
                of("convolution with taps of each token", (ops, w) -> ops.apply(new DynamicConvolution(
                        rows(ops, w[0]), rows(ops, w[1]), w[2], RecurrentState.NONE, new Runs().add(4, 0).add(2, 0))),
                        w -> convolved(w[0], w[1], w[2]), shape(6, 6), shape(6, 6), shape(3, 6)),
                of("attention with mixed biases", (ops, w) -> ops.apply(new BiasedAttention(rows(ops, w[0]),
                        rows(ops, w[1]), rows(ops, w[2]), rows(ops, w[3]), rows(ops, w[4]), w[5], KeyValueState.NONE,
                        new Runs().add(4, 0).add(2, 0), new AttentionShape(4, 2, 3, 3, 0.6f, new Span.Sliding(3)))),
                        StreamOperationsTest::attention, shape(6, 12), shape(6, 6), shape(6, 6), shape(6, 8),
                        shape(6, 4), shape(2, 2)),
                of("deviation cut", (ops, w) -> ops.apply(new DeviationCut(rows(ops, w[0]), 0.4f)),
                        w -> cut(w[0], 11, 0.4f), shape(2, 11)));
    }

    /// 2 queries to 3 states of 4.
    private static double[] mixedStates(double[] x, double[] queries) {
        double[] y = new double[3 * 2 * 4];
        for (int n = 0; n < 3; n++) {
            for (int q = 0; q < 2; q++) {
                double[] shares = new double[3];
                for (int i = 0; i < 12; i++) {
                    shares[i / 4] += queries[q * 4 + i % 4] * x[n * 12 + i] / 2;
                }
                double sum = Arrays.stream(shares).map(Math::exp).sum();
                for (int i = 0; i < 12; i++) {
                    y[(n * 2 + q) * 4 + i % 4] += Math.exp(shares[i / 4]) / sum * x[n * 12 + i];
                }
            }
        }
        return y;
    }

    private static double length(double[] x, int row, int size) {
        return Math.sqrt(IntStream.range(0, size).mapToDouble(i -> x[row * size + i] * x[row * size + i]).sum());
    }

    /// 6 channels of 2 heads, 3 taps.
    private static double[] convolved(double[] x, double[] taps, double[] w) {
        double[] y = new double[36];
        for (int i = 0; i < 36; i++) {
            int t = i / 6;
            for (int j = 0; j < 3 && t - j >= (t < 4 ? 0 : 4); j++) {
                y[i] += (w[j * 6 + i % 6] + taps[t * 6 + i % 6 / 3 * 3 + j]) * x[i - 6 * j];
            }
        }
        return y;
    }

    /// 4 heads of 3, 2 key-value heads, a window of 3, profiles of 2 distances.
    private static double[] attention(double[][] w) {
        double[] y = new double[72];
        for (int n = 0; n < 6; n++) {
            for (int h = 0; h < 4; h++) {
                int start = n < 4 ? 0 : 4;
                int first = Math.max(start, n - 2);
                double sum = Math.exp(w[4][n * 4 + h]);
                double[] shares = new double[n - first + 1];
                for (int j = first; j <= n; j++) {
                    double score = 0;
                    for (int i = 0; i < 3; i++) {
                        score += 0.6f * w[0][n * 12 + h * 3 + i] * w[1][j * 6 + h / 2 * 3 + i];
                    }
                    for (int i = 0; i < 2 && n - j < 2; i++) {
                        score += w[3][n * 8 + h * 2 + i] * w[5][(n - j) * 2 + i];
                    }
                    shares[j - first] = Math.exp(score);
                    sum += shares[j - first];
                }
                for (int j = first; j <= n; j++) {
                    for (int i = 0; i < 3; i++) {
                        y[n * 12 + h * 3 + i] += shares[j - first] / sum * w[2][j * 6 + h / 2 * 3 + i];
                    }
                }
            }
        }
        return y;
    }

    private static double[] mixed(double[] x, double[] w) {
        double[] y = new double[2 * 2 * 5];
        for (int i = 0; i < y.length; i++) {
            int n = i / 10;
            for (int s = 0; s < 3; s++) {
                int at = i % 10 / 5 * 3 + s;
                y[i] += (w[n * 6 + at] + BASE[at]) * x[n * 15 + s * 5 + i % 5];
            }
        }
        return y;
    }

    private static double[] limited(double[] gate, double[] up, DoubleUnaryOperator f, double limit, double shift) {
        return IntStream.range(0, gate.length).mapToDouble(i -> f.applyAsDouble(Math.min(gate[i], limit))
                * (Math.clamp(up[i], -limit, limit) + shift)).toArray();
    }

    private static double norm(double[] x, int row, int size) {
        return Math.sqrt(Arrays.stream(x, row * size, (row + 1) * size).map(v -> v * v).sum() / size);
    }

    private static double[] cut(double[] x, int size, double factor) {
        return IntStream.range(0, x.length).mapToDouble(i -> {
            double[] row = Arrays.copyOfRange(x, i / size * size, (i / size + 1) * size);
            double mean = DoubleStream.of(row).average().orElseThrow();
            double deviation = Math.sqrt(DoubleStream.of(row).map(v -> (v - mean) * (v - mean)).sum() / size);
            return Math.max(0, x[i] - mean - factor * deviation);
        }).toArray();
    }

    /// The formula of `HyperWeights`, with the matrix of each token as rows.
    private static double[] weights(double[] z, double[] s, double[] b, int m, int iterations) {
        double[] y = new double[z.length];
        for (int n = 0; n < z.length / b.length; n++) {
            double[] a = new double[b.length];
            for (int c = 0; c < a.length; c++) {
                a[c] = z[n * b.length + c] * s[Math.min(2, c / m)] + b[c];
                double sigmoid = 1 / (1 + Math.exp(-a[c]));
                y[n * b.length + c] = c < m ? sigmoid + (float) EPS : 2 * sigmoid;
            }
            if (iterations > 0) {
                double[][] c = new double[m][m];
                for (int i = 0; i < m; i++) {
                    for (int j = 0; j < m; j++) {
                        c[i][j] = Math.exp(a[2 * m + i * m + j]);
                    }
                    double sum = DoubleStream.of(c[i]).sum();
                    c[i] = DoubleStream.of(c[i]).map(v -> v / sum + (float) EPS).toArray();
                }
                c = transposed(divided(transposed(c)));
                for (int iteration = 1; iteration < iterations; iteration++) {
                    c = transposed(divided(transposed(divided(c))));
                }
                for (int i = 0; i < m * m; i++) {
                    y[n * b.length + 2 * m + i] = c[i % m][i / m];
                }
            }
        }
        return y;
    }

    private static double[][] divided(double[][] c) {
        return Arrays.stream(c).map(row -> DoubleStream.of(row).map(v -> v / (DoubleStream.of(row).sum()
                + (float) EPS)).toArray()).toArray(double[][]::new);
    }

    private static double[][] transposed(double[][] c) {
        return IntStream.range(0, c.length).mapToObj(j -> Arrays.stream(c).mapToDouble(row -> row[j]).toArray())
                .toArray(double[][]::new);
    }

    private static Stream<Object[]> casesOnSets() {
        return GradientCheck.onSets(cases());
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("casesOnSets")
    void gradientMatchesFiniteDifferences(Object caseOf, String kernels) {
        GradientCheck.check((Case) caseOf, kernels);
    }
}
