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
import glia.tensor.ops.logits.Divergence;
import glia.tensor.ops.logits.HeadDivergence;
import glia.tensor.ops.logits.LogitDivergence;
import glia.tensor.ops.logits.LogitHead;
import glia.tensor.ops.logits.LogitRule;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Divergences of distributions compared with their formulas and finite differences, fused with heads and not.
class DivergenceTest {
    private static final int VOCAB = 9;
    private static final double[] BETAS = {0, 0.2, 0.5, 1};

    private static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>();
        double[] teacher = new Random(3).doubles(4 * VOCAB, -2, 2).map(x -> (float) x).toArray();
        for (double beta : BETAS) {
            Divergence rule = new Divergence(beta);
            cases.add(of("logits, beta " + beta, (ops, w) -> ops.apply(new LogitDivergence(rows(ops, w[0]),
                    constant(ops, teacher, VOCAB), rule)), w -> formula(w[0], teacher, VOCAB, rule),
                    shape(4, VOCAB)));
            for (LogitRule logits : new LogitRule[] {LogitRule.PLAIN, new LogitRule(0.7f, 2)}) {
                cases.add(of("heads, beta " + beta + ", " + logits, (ops, w) -> heads(ops, w, teacher, rule, logits),
                        w -> heads(w, teacher, rule, logits), shape(4, 5), shape(VOCAB, 5), shape(VOCAB)));
            }
        }
        return cases.stream();
    }

    private static Tensor constant(Recorder ops, double[] values, int cols) {
        Tensor t = Tensor.allocate(Arena.ofAuto(), DType.F32, values.length / cols, cols);
        for (int i = 0; i < values.length; i++) {
            t.set(i, (float) values[i]);
        }
        return t;
    }

    /// The teacher's hidden states are its logits; its head is the unit matrix.
    private static Tensor heads(Recorder ops, Weight[] w, double[] teacher, Divergence rule, LogitRule logits) {
        double[] unit = new double[VOCAB * VOCAB];
        for (int v = 0; v < VOCAB; v++) {
            unit[v * VOCAB + v] = 1;
        }
        return ops.apply(new HeadDivergence(rows(ops, w[0]), new LogitHead(w[1], Optional.of(w[2]), logits),
                constant(ops, teacher, VOCAB), new LogitHead(new Weight.Stored(constant(ops, unit, VOCAB)),
                Optional.empty(), LogitRule.PLAIN), new int[] {0, 2, 3}, rule));
    }

    private static double[] heads(double[][] w, double[] teacher, Divergence rule, LogitRule logits) {
        double[] z = Reference.add(Reference.linear(w[0], w[1], 5), w[2], 1);
        for (int i = 0; i < z.length; i++) {
            z[i] = logits.scale() * (logits.isCapped() ? logits.cap() * Math.tanh(z[i] / logits.cap()) : z[i]);
        }
        double[] y = formula(z, teacher, VOCAB, rule);
        y[2] = 0;
        y[3] = 0;
        return y;
    }

    /// Divergence and entropy of each row.
    private static double[] formula(double[] student, double[] teacher, int cols, Divergence rule) {
        double[] y = new double[2 * (student.length / cols)];
        for (int n = 0; n < y.length / 2; n++) {
            double[] s = softmax(student, n, cols);
            double[] t = softmax(teacher, n, cols);
            for (int v = 0; v < cols; v++) {
                double m = (1 - rule.beta()) * s[v] + rule.beta() * t[v];
                if (rule.beta() == 0) {
                    y[2 * n] += t[v] * Math.log(t[v] / s[v]);
                } else if (rule.beta() == 1) {
                    y[2 * n] += s[v] * Math.log(s[v] / t[v]);
                } else {
                    y[2 * n] += rule.beta() * t[v] * Math.log(t[v] / m)
                            + (1 - rule.beta()) * s[v] * Math.log(s[v] / m);
                }
                y[2 * n + 1] -= s[v] * Math.log(s[v]);
            }
        }
        return y;
    }

    private static double[] softmax(double[] z, int row, int cols) {
        double sum = 0;
        double[] p = new double[cols];
        for (int v = 0; v < cols; v++) {
            p[v] = Math.exp(z[row * cols + v]);
            sum += p[v];
        }
        for (int v = 0; v < cols; v++) {
            p[v] /= sum;
        }
        return p;
    }

    static Stream<Object[]> casesAndKernels() {
        return GradientCheck.onSets(cases());
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("casesAndKernels")
    void gradientMatchesFiniteDifferences(Object caseOf, String kernels) {
        GradientCheck.check((Case) caseOf, kernels);
    }

    /// More rows than a tile has, a vocabulary of several parts, and some rows left out.
    @Test
    void partsEqualTheWhole() {
        int tokens = 1100;
        int vocabSize = LogitHead.PART + 4321;
        Random random = new Random(5);
        try (Workers workers = new Workers(2); Gradients gradients = new Gradients(); Arena arena = Arena.ofShared();
                Recorder ops = new Recorder(KernelBackends.choose("best", workers).kernels(), gradients)) {
            Weight hidden = new Weight.Stored(GradientCheck.random(arena, DType.F32, random, tokens, 6));
            Weight head = new Weight.Stored(GradientCheck.random(arena, DType.F32, random, vocabSize, 6));
            Weight teacher = new Weight.Stored(GradientCheck.random(arena, DType.F32, random, tokens, 7));
            Weight teacherHead = new Weight.Stored(GradientCheck.random(arena, DType.F32, random, vocabSize, 7));
            int[] rows = IntStream.range(0, tokens).filter(n -> n % 3 != 1).toArray();
            Divergence rule = new Divergence(0.4);

            Tensor whole = ops.apply(new LogitDivergence(ops.select(ops.linear(rows(ops, hidden), head), rows,
                    rows.length), ops.select(ops.linear(rows(ops, teacher), teacherHead), rows, rows.length), rule));
            float[] expected = whole.toArray();
            seed(ops.gradient(whole));
            ops.backward();
            float[] ofHidden = gradients.of(hidden).toArray();
            float[] ofHead = gradients.of(head).toArray();
            gradients.of(hidden).zero();
            gradients.of(head).zero();

            Tensor parts = ops.apply(new HeadDivergence(rows(ops, hidden), new LogitHead(head, Optional.empty(),
                    LogitRule.PLAIN), rows(ops, teacher), new LogitHead(teacherHead, Optional.empty(),
                    LogitRule.PLAIN), rows, rule));
            float[] found = ops.select(parts, rows, rows.length).toArray();
            assertClose(expected, found);
            for (int i = 0; i < rows.length; i++) {
                for (int c = 0; c < 2; c++) {
                    ops.gradient(parts).set(2L * rows[i] + c, c == 0 ? 1 : -0.5f);
                }
            }
            ops.backward();
            assertClose(ofHidden, gradients.of(hidden).toArray());
            assertClose(ofHead, gradients.of(head).toArray());
        }
    }

    private static void seed(Tensor gradient) {
        for (int i = 0; i < gradient.size(); i++) {
            gradient.set(i, i % 2 == 0 ? 1 : -0.5f);
        }
    }

    private static void assertClose(float[] expected, float[] found) {
        double largest = 0;
        for (float x : expected) {
            largest = Math.max(largest, Math.abs(x));
        }
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], found[i], 2e-5 * largest, "value " + i);
        }
    }

    @Test
    void memoryDoesNotGrowWithTokensTimesVocabulary() {
        int vocabSize = 3 * LogitHead.PART;
        long[] sizes = new long[2];
        for (int i = 0; i < 2; i++) {
            int tokens = i == 0 ? 1024 : 4096;
            try (Workers workers = new Workers(2); Gradients gradients = new Gradients();
                    Arena arena = Arena.ofShared();
                    Recorder ops = new Recorder(KernelBackends.choose("best", workers).kernels(), gradients)) {
                Weight hidden = new Weight.Stored(Tensor.allocate(arena, DType.F32, tokens, 4));
                LogitHead head = new LogitHead(new Weight.Stored(Tensor.allocate(arena, DType.F32, vocabSize, 4)),
                        Optional.empty(), LogitRule.PLAIN);
                Tensor y = ops.apply(new HeadDivergence(rows(ops, hidden), head, Tensor.allocate(arena, DType.F32,
                        tokens, 4), head, IntStream.range(0, tokens).toArray(), new Divergence(0.5)));
                ops.gradient(y).set(0, 1);
                ops.backward();
                sizes[i] = ops.sizeBytes();
            }
        }
        assertTrue(sizes[1] <= sizes[0] + (4L << 20), sizes[0] + " bytes, then " + sizes[1]);
    }

    @Test
    void vocabulariesMustBeEqual() {
        try (Workers workers = new Workers(1); Gradients gradients = new Gradients(); Arena arena = Arena.ofShared();
                Recorder ops = new Recorder(KernelBackends.choose("scalar", workers).kernels(), gradients)) {
            LogitHead small = new LogitHead(new Weight.Stored(Tensor.allocate(arena, DType.F32, 5, 4)),
                    Optional.empty(), LogitRule.PLAIN);
            LogitHead large = new LogitHead(new Weight.Stored(Tensor.allocate(arena, DType.F32, 6, 4)),
                    Optional.empty(), LogitRule.PLAIN);
            Tensor x = Tensor.allocate(arena, DType.F32, 2, 4);
            String message = assertThrows(IllegalArgumentException.class, () -> new HeadDivergence(x, small, x, large,
                    new int[] {0}, new Divergence(0))).getMessage();
            assertTrue(message.contains("5") && message.contains("6"), message);
            assertThrows(IllegalArgumentException.class, () -> new Divergence(1.5));
            assertEquals(0, ops.apply(new LogitDivergence(x, x, new Divergence(0.5))).get(0), 1e-6);
        }
    }
}
