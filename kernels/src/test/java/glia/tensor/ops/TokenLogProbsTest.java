package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.logits.LogitHead;
import glia.tensor.ops.logits.LogitRule;
import glia.tensor.ops.logits.TokenLogProbs;
import glia.tensor.ops.row.Elementwise.SoftCap;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Log-probabilities fused with the head: compared with their formulas, finite differences and the unfused ops; and
/// their memory.
class TokenLogProbsTest {
    private static final float INFINITE = Float.POSITIVE_INFINITY;

    private static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (LogitRule rule : new LogitRule[] {LogitRule.PLAIN, new LogitRule(0.5f, INFINITE), new LogitRule(1, 3),
            new LogitRule(1, 3).withTemperature(0.7f)}) {
            for (boolean entropy : new boolean[] {false, true}) {
                int[] targets = {2, -1, 0, 22, 5};
                cases.add(of(rule + ", entropy " + entropy, (ops, w) -> ops.apply(new TokenLogProbs(rows(ops, w[0]),
                        new LogitHead(w[1], Optional.of(w[2]), rule), targets, entropy, 0)),
                        w -> formula(w, 7, rule, targets, entropy), shape(5, 7), shape(23, 7), shape(23)));
            }
        }
        cases.add(of("mean logits", (ops, w) -> ops.apply(new TokenLogProbs(rows(ops, w[0]), new LogitHead(w[1],
                Optional.empty(), new LogitRule(0.5f, 3)), new int[] {1, -1, 3}, true, 0, true)),
                w -> withMeans(w, 6, new LogitRule(0.5f, 3), new int[] {1, -1, 3}), shape(3, 6), shape(5, 6)));
        cases.add(of("selected tokens", (ops, w) -> ops.apply(TokenLogProbs.ofSeveral(rows(ops, w[0]),
                new LogitHead(w[1], Optional.of(w[2]), new LogitRule(1, 3)), new int[] {4, 0, 2, 2, 1, 3})),
                TokenLogProbsTest::selected, shape(3, 6), shape(5, 6), shape(5)));
        cases.add(of("no bias", (ops, w) -> ops.apply(new TokenLogProbs(rows(ops, w[0]),
                new LogitHead(w[1], Optional.empty(), LogitRule.PLAIN), new int[] {1, 3})),
                w -> formula(new double[][] {w[0], w[1], new double[5]}, 6, LogitRule.PLAIN, new int[] {1, 3}, false),
                shape(2, 6), shape(5, 6)));
        cases.add(of("a head with an adapter", (ops, w) -> ops.apply(new TokenLogProbs(rows(ops, w[0]), new LogitHead(
                new LowRank(w[1], (Weight.Stored) w[2], (Weight.Stored) w[3], 0.6f), Optional.empty(),
                LogitRule.PLAIN), new int[] {4, -1, 9}, true, 0)),
                w -> {
                    double[] sum = w[1].clone();
                    for (int i = 0; i < sum.length; i++) {
                        for (int r = 0; r < 2; r++) {
                            sum[i] += 0.6 * w[3][i / 6 * 2 + r] * w[2][r * 6 + i % 6];
                        }
                    }
                    return formula(new double[][] {w[0], sum, new double[11]}, 6, LogitRule.PLAIN,
                            new int[] {4, -1, 9}, true);
                }, shape(3, 6), shape(11, 6), shape(2, 6), shape(11, 2)));
        return cases.stream();
    }

    private static double[] selected(double[][] w) {
        double[] first = formula(w, 6, new LogitRule(1, 3), new int[] {4, 2, 1}, false);
        double[] second = formula(w, 6, new LogitRule(1, 3), new int[] {0, 2, 3}, false);
        double[] y = new double[12];
        for (int n = 0; n < 3; n++) {
            System.arraycopy(first, 3 * n, y, 4 * n, 1);
            System.arraycopy(second, 3 * n, y, 4 * n + 1, 2);
        }
        return y;
    }

    private static double[] withMeans(double[][] w, int size, LogitRule rule, int[] targets) {
        int vocabSize = w[1].length / size;
        double[] three = formula(new double[][] {w[0], w[1], new double[vocabSize]}, size, rule, targets, true);
        double[] u = Reference.linear(w[0], w[1], size);
        double[] y = new double[4 * targets.length];
        for (int n = 0; n < targets.length; n++) {
            System.arraycopy(three, 3 * n, y, 4 * n, 3);
            for (int v = 0; v < vocabSize && targets[n] >= 0; v++) {
                y[4 * n + 3] += rule.scale() * rule.cap() * Math.tanh(u[n * vocabSize + v] / rule.cap()) / vocabSize;
            }
        }
        return y;
    }

    private static double[] formula(double[][] w, int size, LogitRule rule, int[] targets, boolean entropy) {
        double[] u = Reference.add(Reference.linear(w[0], w[1], size), w[2], 1);
        int vocabSize = w[2].length;
        double[] y = new double[3 * targets.length];
        for (int n = 0; n < targets.length; n++) {
            if (targets[n] < 0) {
                continue;
            }
            double[] z = new double[vocabSize];
            double sum = 0;
            for (int v = 0; v < vocabSize; v++) {
                double product = u[n * vocabSize + v];
                z[v] = rule.scale() * (rule.isCapped() ? rule.cap() * Math.tanh(product / rule.cap()) : product);
                sum += Math.exp(z[v]);
            }
            y[3 * n] = z[targets[n]] - Math.log(sum);
            y[3 * n + 1] = Math.log(sum);
            for (int v = 0; v < vocabSize && entropy; v++) {
                y[3 * n + 2] -= Math.exp(z[v]) / sum * (z[v] - Math.log(sum));
            }
        }
        return y;
    }

    static Stream<Object[]> casesAndKernels() {
        return GradientCheck.onSets(cases());
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("casesAndKernels")
    void gradientMatchesFiniteDifferences(Object caseOf, String kernels) {
        GradientCheck.check((Case) caseOf, kernels);
    }

    /// More rows than a tile has, and a vocabulary of several parts, with some rows left out.
    @ParameterizedTest
    @MethodSource("heads")
    void equalsTheUnfusedOps(LogitRule rule, boolean biased) {
        int tokens = 1300;
        int vocabSize = 2 * LogitHead.PART + 77;
        int size = 12;
        try (Fixture lab = new Fixture("best")) {
            Weight hidden = lab.weight(tokens, size);
            Weight w = lab.weight(vocabSize, size);
            Weight b = lab.weight(vocabSize);
            int[] targets = lab.random.ints(tokens, -2000, vocabSize).map(t -> Math.max(t, -1)).toArray();

            Recorder unfused = lab.recorder();
            Tensor z = unfused.linear(rows(unfused, hidden), w);
            z = biased ? unfused.addBias(z, b) : z;
            z = rule.isCapped() ? unfused.apply(new SoftCap(z, rule.cap())) : z;
            z = rule.scale() == 1 ? z : unfused.scale(z, rule.scale());
            double expected = unfused.crossEntropy(z, targets);
            unfused.backward();
            Tensor[] wanted = lab.gradients(hidden, w, b);

            Recorder fused = lab.recorder();
            Tensor y = fused.apply(new TokenLogProbs(rows(fused, hidden),
                    new LogitHead(w, biased ? Optional.of(b) : Optional.empty(), rule), targets));
            int count = (int) IntStream.of(targets).filter(t -> t >= 0).count();
            double loss = 0;
            Tensor seed = fused.gradient(y);
            for (int n = 0; n < tokens; n++) {
                loss -= y.get(3L * n) / count;
                seed.set(3L * n, -1f / count);
            }
            fused.backward();
            assertEquals(expected, loss, 2e-6 * expected);
            Tensor[] found = lab.gradients(hidden, w, b);
            for (int i = 0; i < (biased ? 3 : 2); i++) {
                assertClose(wanted[i], found[i]);
            }
        }
    }

    static Stream<Object[]> heads() {
        return Stream.of(new Object[] {LogitRule.PLAIN, true}, new Object[] {LogitRule.PLAIN, false},
                new Object[] {new LogitRule(0.25f, INFINITE), false}, new Object[] {new LogitRule(1, 5), true});
    }

    private static void assertClose(Tensor expected, Tensor found) {
        double largest = 0;
        for (long i = 0; i < expected.size(); i++) {
            largest = Math.max(largest, Math.abs(expected.get(i)));
        }
        for (long i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i), found.get(i), 1e-5 * largest, "gradient " + i + " of " + expected);
        }
    }

    @Test
    void memoryDoesNotGrowWithTokensTimesVocabulary() {
        int vocabSize = 3 * LogitHead.PART;
        try (Fixture lab = new Fixture("best")) {
            Weight w = lab.weight(vocabSize, 4);
            long[] sizes = new long[2];
            for (int i = 0; i < 2; i++) {
                int tokens = i == 0 ? 1024 : 4096;
                Recorder ops = lab.recorder();
                Tensor y = ops.apply(new TokenLogProbs(rows(ops, lab.weight(tokens, 4)),
                        new LogitHead(w, Optional.empty(), LogitRule.PLAIN), new int[tokens], true, 0));
                ops.gradient(y).set(0, 1);
                ops.backward();
                sizes[i] = ops.sizeBytes();
            }
            assertTrue(sizes[1] <= sizes[0] + (4L << 20), sizes[0] + " bytes, then " + sizes[1]);
            assertTrue(sizes[1] < 4L * 4096 * vocabSize / 2, sizes[1] + " bytes");
        }
    }

    @Test
    void rowsWithoutATargetAreNotComputed() {
        try (Fixture lab = new Fixture("best")) {
            Weight.Stored hidden = lab.weight(3, 8);
            Weight w = lab.weight(10, 8);
            for (int i = 8; i < 16; i++) {
                hidden.tensor().set(i, Float.NaN);
            }
            Recorder ops = lab.recorder();
            Tensor y = ops.apply(new TokenLogProbs(rows(ops, hidden),
                    new LogitHead(w, Optional.empty(), LogitRule.PLAIN), new int[] {1, -1, 2}, true, 0));
            for (int i = 0; i < 9; i++) {
                assertTrue(i / 3 == 1 ? y.get(i) == 0 : Float.isFinite(y.get(i)), "number " + i + " is " + y.get(i));
            }
            for (int i = 0; i < 9; i++) {
                ops.gradient(y).set(i, 1);
            }
            ops.backward();
            for (Tensor gradient : lab.gradients(hidden, w)) {
                for (long i = 0; i < gradient.size(); i++) {
                    assertTrue(Float.isFinite(gradient.get(i)), "slope " + i);
                }
            }
        }
    }

    @Test
    void topTokensAreTheMostProbable() {
        int vocabSize = LogitHead.PART + 500;
        try (Fixture lab = new Fixture("best")) {
            Weight hidden = lab.weight(6, 5);
            Weight w = lab.weight(vocabSize, 5);
            Recorder ops = lab.recorder();
            TokenLogProbs logProbs = new TokenLogProbs(rows(ops, hidden),
                    new LogitHead(w, Optional.empty(), LogitRule.PLAIN), new int[] {0, 1, -1, 3, 4, 5}, false, 7);
            Tensor y = ops.apply(logProbs);
            Tensor z = ops.linear(rows(ops, hidden), w);
            int[] rows = {0, 1, 3, 4, 5};
            assertEquals(5, logProbs.top().numRows());
            for (int r = 0; r < rows.length; r++) {
                long at = (long) rows[r] * vocabSize;
                List<Integer> best = IntStream.range(0, vocabSize).boxed()
                        .sorted(Comparator.comparing(v -> -z.get(at + v))).toList();
                for (int rank = 0; rank < 7; rank++) {
                    int id = best.get(rank);
                    assertEquals(id, logProbs.top().id(r, rank));
                    double expected = z.get(at + id) - y.get(3L * rows[r] + 1);
                    assertEquals(expected, logProbs.top().logProb(r, rank), 1e-5);
                }
            }
        }
    }

    @Test
    void rejectsTargetsOutsideTheVocabulary() {
        try (Fixture lab = new Fixture("scalar")) {
            Recorder ops = lab.recorder();
            Tensor hidden = rows(ops, lab.weight(2, 4));
            LogitHead head = new LogitHead(lab.weight(9, 4), Optional.empty(), LogitRule.PLAIN);
            assertThrows(IllegalArgumentException.class, () -> new TokenLogProbs(hidden, head, new int[] {0, 9}));
            assertThrows(IllegalArgumentException.class, () -> new TokenLogProbs(hidden, head, new int[] {0}));
        }
    }

    /// Weights, recorders and gradients that live until the end of a test.
    private static final class Fixture implements AutoCloseable {
        final Random random = new Random(5);
        private final Workers workers = new Workers(2);
        private final Arena arena = Arena.ofConfined();
        private final String kernels;
        private final List<AutoCloseable> opened = new ArrayList<>();
        private Gradients last;

        Fixture(String kernels) {
            this.kernels = kernels;
        }

        Weight.Stored weight(long... shape) {
            return new Weight.Stored(GradientCheck.random(arena, DType.F32, random, shape));
        }

        Recorder recorder() {
            last = new Gradients();
            Recorder recorder = new Recorder(KernelBackends.choose(kernels, workers).kernels(), last);
            opened.add(recorder);
            opened.add(last);
            return recorder;
        }

        /// The gradients accumulated by the last recorder.
        Tensor[] gradients(Weight... weights) {
            return Stream.of(weights).map(last::of).toArray(Tensor[]::new);
        }

        @Override
        public void close() {
            for (AutoCloseable each : opened) {
                try {
                    each.close();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }
            arena.close();
            workers.close();
        }
    }
}
