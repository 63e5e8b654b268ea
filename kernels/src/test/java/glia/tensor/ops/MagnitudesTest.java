package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.row.PerHeadLinear.HeadWeights;
import glia.tensor.ops.row.PerHeadLinear;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Adapters with magnitudes (DoRA) or a bias of B: values, and gradients in which the norms are constants.
class MagnitudesTest {
    private static final float SCALE = 0.75f;
    private static final int R = 8;
    private static final int K = 6;
    private static final int RANK = 2;

    private static LowRank plain(Weight base, Weight a, Weight b) {
        return new LowRank(base, (Weight.Stored) a, (Weight.Stored) b, SCALE);
    }

    private static LowRank byRows(Weight base, Weight a, Weight b, Weight m) {
        return plain(base, a, b).withMagnitudes(Magnitudes.Axis.ROWS, (Weight.Stored) m);
    }

    /// `W + s · B · A` in F64.
    private static double[] sum(double[] w, double[] a, double[] b) {
        double[] v = w.clone();
        for (int r = 0; r < R; r++) {
            for (int k = 0; k < K; k++) {
                for (int i = 0; i < RANK; i++) {
                    v[r * K + k] += SCALE * b[r * RANK + i] * a[i * K + k];
                }
            }
        }
        return v;
    }

    /// `diag(m / ‖V‖) · V` of values in F64; the norms are those of the first values that it is computed for.
    private static final class Formula {
        private final boolean isRows;
        private double[] norms;

        Formula(boolean isRows) {
            this.isRows = isRows;
        }

        double[] of(double[] w, double[] a, double[] b, double[] m) {
            double[] v = sum(w, a, b);
            double[] squares = new double[m.length];
            for (int i = 0; i < v.length; i++) {
                squares[isRows ? i / K : i % K] += v[i] * v[i];
            }
            norms = norms == null ? Arrays.stream(squares).map(Math::sqrt).toArray() : norms;
            for (int i = 0; i < v.length; i++) {
                int at = isRows ? i / K : i % K;
                v[i] *= m[at] / norms[at];
            }
            return v;
        }
    }

    /// `x · wᵀ` for rows `from` to `to` of w.
    private static double[] product(double[] x, double[] w, int from, int to) {
        double[] y = new double[x.length / K * (to - from)];
        for (int n = 0; n < x.length / K; n++) {
            for (int r = from; r < to; r++) {
                for (int k = 0; k < K; k++) {
                    y[n * (to - from) + r - from] += x[n * K + k] * w[r * K + k];
                }
            }
        }
        return y;
    }

    /// Two heads of four rows, of which those from the second on are used.
    private static double[] heads(double[] x, double[] w, boolean transposed) {
        int tokens = x.length / (transposed ? 3 : 12);
        double[] y = new double[tokens * (transposed ? 12 : 6)];
        for (int n = 0; n < tokens; n++) {
            for (int h = 0; h < 2; h++) {
                for (int i = 0; i < 3; i++) {
                    for (int k = 0; k < K; k++) {
                        double weight = w[(4 * h + 1 + i) * K + k];
                        if (transposed) {
                            y[n * 12 + h * K + k] += x[n * 3 + i] * weight;
                        } else {
                            y[n * 6 + h * 3 + i] += x[n * 12 + h * K + k] * weight;
                        }
                    }
                }
            }
        }
        return y;
    }

    private static Case heads(String name, long[] x, boolean transposed) {
        Formula rows = new Formula(true);
        return GradientCheck.of(name, (ops, in) -> ops.apply(new PerHeadLinear(GradientCheck.rows(ops, in[0]),
                new HeadWeights(byRows(in[1], in[2], in[3], in[4]), 2, 1, 3), transposed
                        ? PerHeadLinear.Direction.TRANSPOSED : PerHeadLinear.Direction.FORWARD)),
                in -> heads(in[0], rows.of(in[1], in[2], in[3], in[4]), transposed), x, new long[] {R, K},
                new long[] {RANK, K}, new long[] {R, RANK}, new long[] {R});
    }

    static Stream<Object[]> cases() {
        long[] x = {5, K};
        long[] w = {R, K};
        long[] a = {RANK, K};
        long[] b = {R, RANK};
        long[] m = {R};
        List<Case> cases = new ArrayList<>();
        Formula rows = new Formula(true);
        cases.add(GradientCheck.of("linear", (ops, in) -> ops.linear(GradientCheck.rows(ops, in[0]),
                byRows(in[1], in[2], in[3], in[4])), in -> product(in[0], rows.of(in[1], in[2], in[3], in[4]), 0, R),
                x, w, a, b, m));
        Formula columns = new Formula(false);
        int[] ids = {7, 0, 3, 7, 7, 1};
        cases.add(GradientCheck.of("embedding", (ops, in) -> ops.embed(plain(in[0], in[1], in[2])
                .withMagnitudes(Magnitudes.Axis.COLUMNS, (Weight.Stored) in[3]), ids, ids.length), in -> {
            double[] table = columns.of(in[0], in[1], in[2], in[3]);
            return IntStream.of(ids).boxed().flatMapToDouble(id -> Arrays.stream(table, K * id, K * id + K)).toArray();
        }, w, a, b, new long[] {K}));
        cases.add(heads("heads", new long[] {5, 12}, false));
        cases.add(heads("transposed heads", new long[] {5, 3}, true));
        cases.add(GradientCheck.of("a bias of B", (ops, in) -> ops.linear(GradientCheck.rows(ops, in[0]),
                plain(in[1], in[2], in[3]).withBias((Weight.Stored) in[4])), in -> {
            double[] y = product(in[0], sum(in[1], in[2], in[3]), 0, R);
            for (int i = 0; i < y.length; i++) {
                y[i] += SCALE * in[4][i % R];
            }
            return y;
        }, x, w, a, b, m));
        return GradientCheck.onSets(cases.stream());
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("cases")
    void valuesAndGradientsMatchTheFormula(Object caseOf, String kernels) {
        GradientCheck.check((Case) caseOf, kernels);
    }

    private static Weight.Stored random(Arena arena, long seed, long... shape) {
        return new Weight.Stored(GradientCheck.random(arena, DType.F32, new Random(seed), shape));
    }

    private static void assertClose(Tensor expected, Tensor found, double tolerance, String what) {
        double largest = Arrays.stream(GradientCheck.toDoubles(expected)).map(Math::abs).max().orElse(0);
        assertTrue(largest > 0, what);
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i), found.get(i), tolerance * largest, what + ", number " + i);
        }
    }

    /// Quantized bases too, alone, in a group and in a batch; also after each part has changed.
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F32", "BF16", "Q8_0", "Q4_K"})
    void productsMatchTheMergedWeight(DType type) {
        int cols = 256;
        try (Workers workers = new Workers(2); Arena arena = Arena.ofShared();
                Compute ops = new Compute(KernelBackends.choose("vector", workers).kernels(), Precision.EXACT)) {
            Weight base = new Weight.Stored(Fixtures.random(arena, type, 48, cols, 1));
            Weight.Stored a = random(arena, 2, 3, cols);
            Weight.Stored b = random(arena, 3, 48, 3);
            Weight.Stored m = random(arena, 4, 48);
            LowRank inner = new LowRank(base, random(arena, 5, 2, cols), random(arena, 6, 48, 2), 0.5f);
            for (Weight under : List.of(base, inner)) {
                LowRank w = new LowRank(under, a, b, SCALE).withMagnitudes(Magnitudes.Axis.ROWS, m);
                LowRank over = new LowRank(w, inner.a(), inner.b(), 1);
                Tensor x = Fixtures.random(arena, DType.F32, 5, cols, 9);
                for (int round = 0; round < 4; round++) {
                    for (LowRank each : List.of(w, over)) {
                        Tensor expected = ops.linear(x, new Weight.Stored(each.toF32(arena)));
                        assertClose(expected, ops.linear(x, each), 1e-5, type + " alone");
                        assertClose(expected, ops.linear(x, new Weight[] {each, base})[0], 1e-5, type + " grouped");
                        WeightProducts.Batch batch = new WeightProducts.Batch();
                        Tensor y = ops.allocate(5, 48);
                        batch.add(y, 0, x, 0, 5, each);
                        ops.products().multiply(batch);
                        assertClose(expected, y, 1e-5, type + " in a batch");
                        assertClose(ops.linear(x, new Weight.Stored(each.toF32(arena).rows(5, 20))),
                                ops.linear(x, each.rows(5, 20)), 1e-5, type + ", some rows");
                    }
                    List.of(a, b, m, a).get(round).update(t -> t.set(1, t.get(1) + 2));
                }
            }
        }
    }

    /// A new adapter changes nothing, and a row of zeros stays one.
    @Test
    void magnitudesOfTheNormsChangeNothing() {
        try (Workers workers = new Workers(1); Arena arena = Arena.ofShared()) {
            Kernels kernels = KernelBackends.choose("scalar", workers).kernels();
            Weight.Stored base = random(arena, 1, 5, 7);
            base.update(t -> t.rows(2, 3).zero());
            Weight.Stored zero = new Weight.Stored(Tensor.allocate(arena, DType.F32, 5, 2));
            LowRank w = new LowRank(base, random(arena, 2, 2, 7), zero, 1).withMagnitudes(Magnitudes.Axis.ROWS,
                    new Weight.Stored(Magnitudes.norms(base, Magnitudes.Axis.ROWS, arena)));
            Tensor x = Fixtures.random(arena, DType.F32, 3, 7, 9);
            try (Compute ops = new Compute(kernels, Precision.EXACT)) {
                assertClose(ops.linear(x, base), ops.linear(x, w), 1e-6, "new");
                assertEquals(0, ops.linear(x, w).get(2));
            }
            assertEquals(0, w.toF32(arena).get(2 * 7 + 1));
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (Workers workers = new Workers(1); Arena arena = Arena.ofShared();
                Compute ops = new Compute(KernelBackends.choose("scalar", workers).kernels(), Precision.EXACT)) {
            LowRank w = new LowRank(random(arena, 1, 5, 7), random(arena, 2, 2, 7), random(arena, 3, 5, 2), 1);
            Weight.Stored five = random(arena, 4, 5);
            Weight.Stored seven = random(arena, 5, 7);
            assertThrows(IllegalArgumentException.class, () -> w.withBias(seven));
            assertThrows(IllegalArgumentException.class, () -> w.withMagnitudes(Magnitudes.Axis.ROWS, seven));
            assertThrows(IllegalArgumentException.class, () -> w.withMagnitudes(Magnitudes.Axis.COLUMNS, five));
            LowRank rows = w.withMagnitudes(Magnitudes.Axis.ROWS, five);
            assertThrows(IllegalArgumentException.class, () -> rows.withBias(five));
            assertThrows(IllegalArgumentException.class,
                    () -> w.withBias(five).withMagnitudes(Magnitudes.Axis.ROWS, five));
            assertThrows(IllegalArgumentException.class, () -> w.withBias(five).toF32(arena));
            Tensor x = Fixtures.random(arena, DType.F32, 3, 7, 9);
            LowRank columns = w.withMagnitudes(Magnitudes.Axis.COLUMNS, seven);
            assertThrows(IllegalArgumentException.class, () -> ops.linear(x, columns));
            assertThrows(IllegalArgumentException.class, () -> ops.embed(rows, new int[] {1}, 1));
        }
    }
}
