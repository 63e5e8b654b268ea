package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;

import glia.tensor.kernel.Activation;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.expert.LimitedGate;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.row.Pointwise.DeviationCut;
import glia.tensor.ops.row.Scales.WeightedColumns;
import glia.tensor.ops.stream.HyperWeights;
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
                of("deviation cut", (ops, w) -> ops.apply(new DeviationCut(rows(ops, w[0]), 0.4f)),
                        w -> cut(w[0], 11, 0.4f), shape(2, 11)));
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
