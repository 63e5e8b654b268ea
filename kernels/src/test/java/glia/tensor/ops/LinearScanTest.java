package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;
import static glia.tensor.ops.ScanFixture.runs;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.tensor.Tensor;
import glia.tensor.kernel.DecayForm;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.row.Elementwise.Sigmoid;
import glia.tensor.ops.row.Norms.UnitNorm;
import glia.tensor.ops.scan.ChannelDelta;
import glia.tensor.ops.scan.GatedDelta;
import glia.tensor.ops.scan.GatedDelta.HeadSharing;
import glia.tensor.ops.scan.LightningScan;
import glia.tensor.ops.scan.LogDecay;
import glia.tensor.ops.scan.MatrixMemoryScan;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Linear attention by chunks compared with its recurrence in F64: values, gradients, full-sequence and incremental.
class LinearScanTest {
    private static final float EPS = 1e-3f;

    /// With the L2 norms, steps and gates around it, as in models.
    private static Case delta(int keyHeads, int heads, int keySize, int valueSize, int... tokens) {
        return delta(HeadSharing.GROUPED, DecayForm.LOGARITHM, keyHeads, heads, keySize, valueSize, tokens);
    }

    private static Case delta(HeadSharing order, DecayForm form, int keyHeads, int heads, int keySize, int valueSize,
            int... tokens) {
        Runs runs = runs(tokens);
        int n = runs.numTokens();
        return of("gated delta rule, " + order + ", " + form + ", " + keyHeads + " " + heads + " of " + keySize + ", "
                + valueSize + " over " + List.of(IntStream.of(tokens).boxed().toArray()),
                (ops, w) -> ops.apply(new GatedDelta(
                        ops.apply(UnitNorm.length(rows(ops, w[0]), keySize, EPS)),
                        ops.apply(UnitNorm.length(rows(ops, w[1]), keySize, EPS)), rows(ops, w[2]),
                        ops.apply(new LogDecay(rows(ops, w[3]), w[5], form, w[6])),
                        ops.apply(new Sigmoid(rows(ops, w[4]))), keyHeads, order, 0.5f, RecurrentState.NONE,
                        runs)),
                w -> delta(w, runs, order, form, keyHeads, heads, keySize, valueSize),
                shape(n, keyHeads * keySize), shape(n, keyHeads * keySize), shape(n, heads * valueSize),
                shape(n, heads), shape(n, heads), shape(heads), shape(heads));
    }

    private static double[] delta(double[][] w, Runs runs, HeadSharing order, DecayForm form, int keyHeads, int heads,
            int keySize, int valueSize) {
        double[] q = norm(w[0], keySize);
        double[] k = norm(w[1], keySize);
        double[] y = new double[w[2].length];
        for (int r = 0; r < runs.count(); r++) {
            for (int h = 0; h < heads; h++) {
                double[][] s = new double[keySize][valueSize];
                for (int n = runs.start(r); n < runs.end(r); n++) {
                    int shared = order == HeadSharing.INTERLEAVED ? h % keyHeads : h / (heads / keyHeads);
                    int key = (n * keyHeads + shared) * keySize;
                    int at = n * heads + h;
                    double rate = form == DecayForm.RATE ? w[5][h] : -Math.exp(w[5][h]);
                    double keep = Math.exp(rate * Math.log1p(Math.exp(w[3][at] + w[6][h])));
                    double beta = 1 / (1 + Math.exp(-w[4][at]));
                    for (int j = 0; j < valueSize; j++) {
                        double seen = 0;
                        for (int i = 0; i < keySize; i++) {
                            seen += keep * s[i][j] * k[key + i];
                        }
                        for (int i = 0; i < keySize; i++) {
                            s[i][j] = keep * s[i][j] + k[key + i] * beta * (w[2][at * valueSize + j] - seen);
                            y[at * valueSize + j] += 0.5 * s[i][j] * q[key + i];
                        }
                    }
                }
            }
        }
        return y;
    }

    /// A decay for each channel, with a lower bound or, for 0, without.
    private static Case channels(int heads, int keySize, int valueSize, float lowest, int... tokens) {
        Runs runs = runs(tokens);
        int n = runs.numTokens();
        return of("delta rule with decays of channels, " + lowest + ", " + heads + " of " + keySize + ", " + valueSize
                + " over " + List.of(IntStream.of(tokens).boxed().toArray()),
                (ops, w) -> {
                    Tensor decay = ops.apply(lowest == 0
                            ? new LogDecay(rows(ops, w[3]), w[5], DecayForm.LOGARITHM, w[6])
                            : new LogDecay(rows(ops, w[3]), w[5], DecayForm.LOGARITHM, w[6], lowest));
                    return ops.apply(new ChannelDelta(ops.apply(UnitNorm.length(rows(ops, w[0]), keySize, EPS)),
                            ops.apply(UnitNorm.length(rows(ops, w[1]), keySize, EPS)), rows(ops, w[2]), decay,
                            ops.apply(new Sigmoid(rows(ops, w[4]))), 0.5f, RecurrentState.NONE, runs));
                },
                w -> channels(w, runs, heads, keySize, valueSize, lowest),
                shape(n, heads * keySize), shape(n, heads * keySize), shape(n, heads * valueSize),
                shape(n, heads * keySize), shape(n, heads), shape(heads), shape(heads * keySize));
    }

    private static double[] channels(double[][] w, Runs runs, int heads, int keySize, int valueSize, double lowest) {
        double[] q = norm(w[0], keySize);
        double[] k = norm(w[1], keySize);
        double[] y = new double[w[2].length];
        for (int r = 0; r < runs.count(); r++) {
            for (int h = 0; h < heads; h++) {
                double[][] s = new double[keySize][valueSize];
                for (int n = runs.start(r); n < runs.end(r); n++) {
                    int at = n * heads + h;
                    for (int i = 0; i < keySize; i++) {
                        double z = w[3][at * keySize + i] + w[6][h * keySize + i];
                        double rate = Math.exp(w[5][h]);
                        double keep = Math.exp(lowest == 0 ? -rate * Math.log1p(Math.exp(z))
                                : lowest / (1 + Math.exp(-rate * z)));
                        for (int j = 0; j < valueSize; j++) {
                            s[i][j] *= keep;
                        }
                    }
                    double beta = 1 / (1 + Math.exp(-w[4][at]));
                    for (int j = 0; j < valueSize; j++) {
                        double seen = 0;
                        for (int i = 0; i < keySize; i++) {
                            seen += s[i][j] * k[at * keySize + i];
                        }
                        for (int i = 0; i < keySize; i++) {
                            s[i][j] += k[at * keySize + i] * beta * (w[2][at * valueSize + j] - seen);
                            y[at * valueSize + j] += 0.5 * s[i][j] * q[at * keySize + i];
                        }
                    }
                }
            }
        }
        return y;
    }

    /// The memory without stabilizer: the exponents are small here.
    private static Case memory(int heads, int keySize, int valueSize, int... tokens) {
        Runs runs = runs(tokens);
        int n = runs.numTokens();
        return of("mLSTM, " + heads + " of " + keySize + ", " + valueSize + " over "
                + List.of(IntStream.of(tokens).boxed().toArray()),
                (ops, w) -> ops.apply(new MatrixMemoryScan(rows(ops, w[0]), rows(ops, w[1]), rows(ops, w[2]),
                        rows(ops, w[3]), rows(ops, w[4]), 1e-6f, RecurrentState.NONE, runs)),
                w -> memory(w, runs, heads, keySize, valueSize),
                shape(n, heads * keySize), shape(n, heads * keySize), shape(n, heads * valueSize), shape(n, heads),
                shape(n, heads));
    }

    private static double[] memory(double[][] w, Runs runs, int heads, int keySize, int valueSize) {
        double[] y = new double[w[2].length];
        for (int r = 0; r < runs.count(); r++) {
            for (int h = 0; h < heads; h++) {
                double[][] c = new double[keySize][valueSize];
                double[] norm = new double[keySize];
                for (int n = runs.start(r); n < runs.end(r); n++) {
                    int at = n * heads + h;
                    double keep = 1 / (1 + Math.exp(-w[4][at]));
                    double write = Math.exp(w[3][at]);
                    double length = 0;
                    double[] sum = new double[valueSize];
                    for (int i = 0; i < keySize; i++) {
                        double q = w[0][at * keySize + i] / Math.sqrt(keySize);
                        norm[i] = keep * norm[i] + write * w[1][at * keySize + i];
                        length += q * norm[i];
                        for (int j = 0; j < valueSize; j++) {
                            c[i][j] = keep * c[i][j] + write * w[1][at * keySize + i] * w[2][at * valueSize + j];
                            sum[j] += q * c[i][j];
                        }
                    }
                    for (int j = 0; j < valueSize; j++) {
                        y[at * valueSize + j] = sum[j] / Math.max(Math.abs(length), 1);
                    }
                }
            }
        }
        return y;
    }

    private static double[] norm(double[] x, int size) {
        double[] y = x.clone();
        for (int at = 0; at < x.length; at += size) {
            double sum = EPS;
            for (int i = 0; i < size; i++) {
                sum += x[at + i] * x[at + i];
            }
            for (int i = 0; i < size; i++) {
                y[at + i] /= Math.sqrt(sum);
            }
        }
        return y;
    }

    private static Case lightning(int size, float[] slopes, int... tokens) {
        Runs runs = runs(tokens);
        int n = runs.numTokens();
        int cols = slopes.length * size;
        return of("lightning " + slopes.length + " of " + size + " over " + n, (ops, w) -> ops.apply(new LightningScan(
                rows(ops, w[0]), rows(ops, w[1]), rows(ops, w[2]), slopes, RecurrentState.NONE, runs)),
                w -> lightning(w, runs, slopes, size), shape(n, cols), shape(n, cols), shape(n, cols));
    }

    private static double[] lightning(double[][] w, Runs runs, float[] slopes, int size) {
        double[] y = new double[w[0].length];
        for (int r = 0; r < runs.count(); r++) {
            for (int h = 0; h < slopes.length; h++) {
                double[][] s = new double[size][size];
                for (int n = runs.start(r); n < runs.end(r); n++) {
                    int at = (n * slopes.length + h) * size;
                    for (int i = 0; i < size; i++) {
                        for (int j = 0; j < size; j++) {
                            s[i][j] = Math.exp(-slopes[h]) * s[i][j] + w[1][at + i] * w[2][at + j];
                            y[at + j] += s[i][j] * w[0][at + i];
                        }
                    }
                }
            }
        }
        return y;
    }

    static Stream<Object[]> casesAndKernels() {
        List<Case> cases = List.of(delta(1, 1, 1, 1, 1), delta(1, 2, 3, 2, 5), delta(2, 4, 5, 3, 3, 0, 1, 7),
                delta(HeadSharing.INTERLEAVED, DecayForm.RATE, 2, 6, 3, 2, 4, 3), delta(1, 1, 2, 3, 63),
                delta(1, 2, 3, 2, 64), delta(1, 1, 2, 1, 65, 2), delta(1, 1, 2, 2, 131),
                channels(1, 1, 1, 0, 1), channels(2, 3, 2, 0, 5, 0, 2), channels(1, 2, 3, 0, 70),
                channels(2, 2, 3, -5, 4, 1), channels(1, 3, 2, -0.5f, 33), memory(1, 2, 3, 5),
                memory(2, 3, 2, 4, 0, 2), memory(1, 2, 2, 70), lightning(3, new float[] {0.5f}, 4),
                lightning(5, new float[] {1, 0.01f, 0}, 2, 0, 6),
                lightning(2, new float[] {0.02f}, 64), lightning(1, new float[] {0.3f, 3}, 65, 1),
                lightning(3, new float[] {0.02f}, 130),
                of("length norm", (ops, w) -> ops.apply(UnitNorm.length(rows(ops, w[0]), 7, EPS)), w -> norm(w[0], 7),
                        shape(3, 14)));
        return cases.stream().flatMap(c -> Stream.of(new Object[] {c, "scalar"}, new Object[] {c, "vector"}));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("casesAndKernels")
    void gradientMatchesFiniteDifferences(Object caseOf, String kernels) {
        GradientCheck.check((Case) caseOf, kernels);
    }

    /// A decay so strong that nothing is left, and a product of decays far below the smallest float.
    @Test
    void strongDecayErasesTheState() {
        try (ScanFixture lab = new ScanFixture()) {
            Tensor x = lab.random(130, 4);
            Tensor gone = lab.random(130, 1);
            for (long i = 0; i < gone.size(); i++) {
                gone.set(i, i % 2 == 0 ? -80 : Float.NEGATIVE_INFINITY);
            }
            Tensor ones = lab.random(130, 1);
            for (long i = 0; i < ones.size(); i++) {
                ones.set(i, 1);
            }
            Tensor y = lab.ops.apply(new GatedDelta(x, x, x, gone, ones, 1, HeadSharing.GROUPED, 1,
                    RecurrentState.NONE, runs(130)));
            for (int n = 0; n < 130; n++) {
                double square = 0;
                for (int i = 0; i < 4; i++) {
                    square += (double) x.get(4L * n + i) * x.get(4L * n + i);
                }
                for (int i = 0; i < 4; i++) {
                    assertEquals(square * x.get(4L * n + i), y.get(4L * n + i), 1e-4 * Math.max(1, square * square));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 100})
    void statesContinueSequences(int chunk) {
        try (ScanFixture lab = new ScanFixture()) {
            int tokens = 150;
            Tensor q = lab.random(tokens, 2 * 5);
            Tensor k = lab.ops.apply(UnitNorm.length(lab.random(tokens, 2 * 5), 5, EPS));
            Tensor v = lab.random(tokens, 4 * 3);
            Tensor g = lab.random(tokens, 4);
            Tensor beta = lab.ops.apply(new Sigmoid(lab.random(tokens, 4)));
            for (long i = 0; i < g.size(); i++) {
                g.set(i, -Math.abs(g.get(i)));
            }
            lab.compare(tokens, chunk, 4 * 5 * 3, (from, to, state, runs) -> lab.ops.apply(new GatedDelta(
                    q.rows(from, to), k.rows(from, to), v.rows(from, to), g.rows(from, to), beta.rows(from, to), 2,
                    HeadSharing.GROUPED, 0.7f, state, runs)));
            Tensor decay = lab.random(tokens, 2 * 5);
            for (long i = 0; i < decay.size(); i++) {
                decay.set(i, -Math.abs(decay.get(i)));
            }
            Tensor two = lab.random(tokens, 2);
            lab.compare(tokens, chunk, 2 * 5 * 6, (from, to, state, runs) -> lab.ops.apply(new ChannelDelta(
                    q.rows(from, to), k.rows(from, to), v.rows(from, to), decay.rows(from, to), two.rows(from, to),
                    0.7f, state, runs)));
            lab.compare(tokens, chunk, MatrixMemoryScan.stateSize(2, 5, 6), (from, to, state, runs) -> lab.ops.apply(
                    new MatrixMemoryScan(q.rows(from, to), k.rows(from, to), v.rows(from, to), two.rows(from, to),
                            two.rows(from, to), 1e-6f, state, runs)));
            float[] slopes = {0.1f, 0.9f};
            lab.compare(tokens, chunk, 2 * 5 * 5, (from, to, state, runs) -> lab.ops.apply(new LightningScan(
                    q.rows(from, to), k.rows(from, to), q.rows(from, to), slopes, state, runs)));
        }
    }

    @Test
    void shapesThatDoNotFitAreRejected() {
        try (ScanFixture lab = new ScanFixture()) {
            Tensor a = lab.random(3, 8);
            Tensor h = lab.random(3, 4);
            Tensor odd = lab.random(3, 3);
            RecurrentState none = RecurrentState.NONE;
            HeadSharing by = HeadSharing.GROUPED;
            assertThrows(IllegalArgumentException.class,
                    () -> new GatedDelta(a, a, a, odd, odd, 2, by, 1, none, runs(3)));
            assertThrows(IllegalArgumentException.class,
                    () -> new GatedDelta(a, a, a, h, h, 3, by, 1, none, runs(3)));
            assertThrows(IllegalArgumentException.class,
                    () -> new GatedDelta(a, a, a, h, h, 2, by, 1, none, runs(4)));
            assertThrows(IllegalArgumentException.class,
                    () -> new GatedDelta(a, h, a, h, h, 2, by, 1, none, runs(3)));
            assertThrows(IllegalArgumentException.class,
                    () -> new LightningScan(a, a, h, new float[4], none, runs(3)));
            assertThrows(IllegalArgumentException.class,
                    () -> new LightningScan(a, a, a, new float[3], none, runs(3)));
            assertThrows(IllegalArgumentException.class, () -> UnitNorm.length(a, 3, 0));
        }
    }
}
