package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;
import static glia.tensor.ops.ScanFixture.runs;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.row.Columns.ColumnMix;
import glia.tensor.ops.scan.PreviousToken;
import glia.tensor.ops.scan.RealGatedScan;
import glia.tensor.ops.scan.WeightedKeyValueScan;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Recurrences of single channels, those of RWKV and of Griffin, compared with their formulas in F64: values,
/// gradients, full-sequence and incremental.
class ChannelScansTest {
    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static Case means(int channels, int... tokens) {
        Runs runs = runs(tokens);
        int n = runs.numTokens();
        return of("WKV of " + channels + " over " + n, (ops, w) -> ops.apply(new WeightedKeyValueScan(rows(ops, w[0]),
                rows(ops, w[1]), w[2], w[3], RecurrentState.NONE, runs)), w -> {
                    double[] y = new double[w[0].length];
                    for (int r = 0; r < runs.count(); r++) {
                        for (int i = runs.start(r) * channels; i < runs.end(r) * channels; i++) {
                            int c = i % channels;
                            double weight = Math.exp(w[3][c] + w[0][i]);
                            double over = weight * w[1][i];
                            double under = weight;
                            for (int j = i - channels; j >= runs.start(r) * channels; j -= channels) {
                                int between = (i - j) / channels - 1;
                                weight = Math.exp(-Math.exp(w[2][c]) * between + w[0][j]);
                                over += weight * w[1][j];
                                under += weight;
                            }
                            y[i] = over / under;
                        }
                    }
                    return y;
                }, shape(n, channels), shape(n, channels), shape(channels), shape(channels));
    }

    private static Case gated(int channels, int... tokens) {
        Runs runs = runs(tokens);
        int n = runs.numTokens();
        return of("RG-LRU of " + channels + " over " + n, (ops, w) -> ops.apply(new RealGatedScan(rows(ops, w[0]),
                rows(ops, w[1]), rows(ops, w[2]), w[3], RecurrentState.NONE, runs)), w -> {
                    double[] y = new double[w[0].length];
                    for (int r = 0; r < runs.count(); r++) {
                        for (int i = runs.start(r) * channels; i < runs.end(r) * channels; i++) {
                            boolean first = i < (runs.start(r) + 1) * channels;
                            double in = sigmoid(w[1][i]) * w[0][i];
                            double a = Math.exp(-8 * sigmoid(w[2][i]) * Math.log1p(Math.exp(w[3][i % channels])));
                            y[i] = first ? in : a * y[i - channels] + Math.sqrt(1 - a * a) * in;
                        }
                    }
                    return y;
                }, shape(n, channels), shape(n, channels), shape(n, channels), shape(channels));
    }

    private static Case mixed(int width, int... tokens) {
        Runs runs = runs(tokens);
        int n = runs.numTokens();
        return of("token shift of " + width + " over " + n, (ops, w) -> {
            Tensor x = rows(ops, w[0]);
            return ops.apply(new ColumnMix(x, ops.apply(new PreviousToken(x, RecurrentState.NONE, runs)), w[1]));
        }, w -> {
            double[] y = new double[w[0].length];
            for (int r = 0; r < runs.count(); r++) {
                for (int i = runs.start(r) * width; i < runs.end(r) * width; i++) {
                    double before = i < (runs.start(r) + 1) * width ? 0 : w[0][i - width];
                    y[i] = w[1][i % width] * w[0][i] + (1 - w[1][i % width]) * before;
                }
            }
            return y;
        }, shape(n, width), shape(width));
    }

    static Stream<Object[]> casesAndKernels() {
        return Stream.of(means(1, 1), means(3, 5, 0, 2), means(2, 40), gated(1, 1), gated(3, 5, 0, 2), gated(2, 40),
                mixed(3, 1), mixed(5, 4, 0, 3))
                .flatMap(c -> Stream.of(new Object[] {c, "scalar"}, new Object[] {c, "vector"}));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("casesAndKernels")
    void gradientMatchesFiniteDifferences(Object caseOf, String kernels) {
        GradientCheck.check((Case) caseOf, kernels);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7})
    void statesContinueSequences(int chunk) {
        try (ScanFixture lab = new ScanFixture()) {
            int tokens = 30;
            Tensor a = lab.random(tokens, 4);
            Tensor b = lab.random(tokens, 4);
            Tensor c = lab.random(tokens, 4);
            Weight w = new Weight.Stored(lab.random(1, 4));
            lab.compare(tokens, chunk, 3 * 4, (from, to, state, runs) -> lab.ops.apply(new WeightedKeyValueScan(
                    a.rows(from, to), b.rows(from, to), w, w, state, runs)));
            lab.compare(tokens, chunk, 4, (from, to, state, runs) -> lab.ops.apply(new RealGatedScan(
                    a.rows(from, to), b.rows(from, to), c.rows(from, to), w, state, new Runs().add(to - from, from))));
            lab.compare(tokens, chunk, 4, (from, to, state, runs) ->
                    lab.ops.apply(new PreviousToken(a.rows(from, to), state, runs)));
        }
    }

    /// Keys whose exponentials are far outside of what a float holds.
    @Test
    void largeKeysGiveMeans() {
        try (ScanFixture lab = new ScanFixture()) {
            Tensor k = lab.random(3, 1);
            Tensor v = lab.random(3, 1);
            k.set(0, 500);
            k.set(1, -500);
            k.set(2, 1000);
            Weight w = new Weight.Stored(lab.random(1, 1));
            Tensor y = lab.ops.apply(new WeightedKeyValueScan(k, v, w, w, RecurrentState.NONE, runs(3)));
            assertEquals(v.get(0), y.get(0), 1e-6f);
            assertEquals(v.get(0), y.get(1), 1e-6f);
            assertEquals(v.get(2), y.get(2), 1e-6f);
        }
    }

    @Test
    void shapesThatDoNotFitAreRejected() {
        try (ScanFixture lab = new ScanFixture()) {
            Tensor a = lab.random(3, 4);
            Tensor odd = lab.random(3, 3);
            Weight w = new Weight.Stored(lab.random(1, 4));
            RecurrentState none = RecurrentState.NONE;
            assertThrows(IllegalArgumentException.class, () -> new WeightedKeyValueScan(a, odd, w, w, none, runs(3)));
            assertThrows(IllegalArgumentException.class, () -> new RealGatedScan(a, a, odd, w, none, runs(3)));
            assertThrows(IllegalArgumentException.class, () -> new RealGatedScan(a, a, a, w, none, runs(2)));
            assertThrows(IllegalArgumentException.class, () -> new PreviousToken(a, none, runs(2)));
            assertThrows(IllegalArgumentException.class, () -> new ColumnMix(a, odd, w));
        }
    }
}
