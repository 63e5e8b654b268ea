package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.tensor.DType;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.expert.ExpertScale;
import glia.tensor.ops.expert.Router;
import glia.tensor.ops.expert.Routing;
import glia.tensor.ops.row.Elementwise.Clamp;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Scales.ScaledRows;
import glia.tensor.ops.row.Scales.SigmoidGate;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Scales.StoredScale;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.row.Norms.UnitNorm;
import java.lang.foreign.Arena;
import java.util.Comparator;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Operations that split, concatenate and scale rows, compared with their formulas in F64.
class OperationsTest {
    private static final Weight.Stored FACTOR =
            new Weight.Stored(GradientCheck.random(Arena.global(), DType.F32, new Random(3), 1));

    private static Stream<Case> cases() {
        return Stream.of(
                of("columns of heads", (ops, w) -> ops.apply(new SliceColumns(rows(ops, w[0]), 5, 1, 3)),
                        w -> IntStream.range(0, 2 * 2 * 3).mapToDouble(i -> w[0][i / 3 * 5 + 1 + i % 3]).toArray(),
                        shape(2, 10)),
                of("columns of a row", (ops, w) -> ops.apply(SliceColumns.of(rows(ops, w[0]), 4, 3)),
                        w -> IntStream.range(0, 9).mapToDouble(i -> w[0][i / 3 * 7 + 4 + i % 3]).toArray(),
                        shape(3, 7)),
                of("joined", (ops, w) -> ops.apply(new ConcatColumns(rows(ops, w[0]), rows(ops, w[1]), 2, false)),
                        w -> joined(w[0], w[1], 2, 2, 3, 1, false), shape(2, 6), shape(2, 2)),
                of("joined with one for all", (ops, w) ->
                        ops.apply(new ConcatColumns(rows(ops, w[0]), rows(ops, w[1]), 3, true)),
                        w -> joined(w[0], w[1], 2, 3, 1, 4, true), shape(2, 3), shape(2, 4)),
                of("sum", (ops, w) -> ops.apply(new Sum(rows(ops, w[0]), 1, rows(ops, w[1]), 0.5f)),
                        w -> Reference.add(w[0], w[1], 0.5), shape(3, 17), shape(3, 17)),
                of("weighted sum", (ops, w) -> ops.apply(new Sum(rows(ops, w[0]), -2, rows(ops, w[1]), 3)),
                        w -> IntStream.range(0, 51).mapToDouble(i -> -2 * w[0][i] + 3 * w[1][i]).toArray(),
                        shape(3, 17), shape(3, 17)),
                of("norm without weights", (ops, w) -> ops.apply(UnitNorm.rms(rows(ops, w[0]), 6, 1e-2f)),
                        w -> Reference.rmsNorm(w[0], Reference.ones(6), 1e-2f, 0), shape(2, 18)),
                of("scaled rows", (ops, w) -> ops.apply(new ScaledRows(rows(ops, w[0]), new float[] {2, -0.5f, 0})),
                        w -> IntStream.range(0, 12).mapToDouble(i -> w[0][i] * new double[] {2, -0.5, 0}[i / 4])
                                .toArray(), shape(3, 4)),
                of("gate", (ops, w) -> ops.apply(new SigmoidGate(rows(ops, w[0]), rows(ops, w[1]))),
                        w -> gated(w[0], w[1], 1), shape(2, 9), shape(2, 9)),
                of("gate of heads", (ops, w) -> ops.apply(new SigmoidGate(rows(ops, w[0]), rows(ops, w[1]))),
                        w -> gated(w[0], w[1], 3), shape(2, 9), shape(2, 3)),
                of("multiplied", (ops, w) -> ops.apply(new StoredScale(rows(ops, w[0]), FACTOR)),
                        w -> IntStream.range(0, 21).mapToDouble(i -> w[0][i] * FACTOR.tensor().get(0)).toArray(),
                        shape(3, 7)),
                of("clamp", (ops, w) -> ops.apply(new Clamp(rows(ops, w[0]), 0.7f)),
                        w -> IntStream.range(0, 34).mapToDouble(i -> Math.clamp(w[0][i], -0.7f, 0.7f)).toArray(),
                        shape(2, 17)),
                of("expert scale", (ops, w) -> {
                    Router router = Router.plain(2, Router.Score.SOFTMAX, Router.Share.AS_IS);
                    Routing routing = new Routing(rows(ops, w[1]), router, Optional.empty());
                    ops.apply(routing);
                    return ops.apply(new ExpertScale(rows(ops, w[0]), routing, w[2]));
                }, w -> IntStream.range(0, 6).mapToDouble(i -> w[0][i] * w[2][ranked(w[1], i / 2, 4)[i % 2]])
                        .toArray(), shape(3, 2), shape(3, 4), shape(4)));
    }

    /// The columns of a row by descending value.
    private static int[] ranked(double[] x, int row, int cols) {
        return IntStream.range(0, cols).boxed().sorted(Comparator.comparingDouble(i -> -x[row * cols + i]))
                .mapToInt(i -> i).toArray();
    }

    private static double[] gated(double[] x, double[] gate, int size) {
        return IntStream.range(0, x.length).mapToDouble(i -> x[i] / (1 + Math.exp(-gate[i / size]))).toArray();
    }

    private static double[] joined(double[] a, double[] b, int tokens, int groups, int left, int right,
            boolean shared) {
        double[] y = new double[tokens * groups * (left + right)];
        for (int i = 0; i < y.length; i++) {
            int group = i / (left + right);
            int at = i % (left + right);
            y[i] = at < left ? a[group * left + at] : b[(shared ? group / groups : group) * right + at - left];
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

    @Test
    void shapesThatDoNotFitAreRejected() {
        try (Arena arena = Arena.ofConfined()) {
            var x = GradientCheck.random(arena, DType.F32, new Random(1), 2, 6);
            var y = GradientCheck.random(arena, DType.F32, new Random(1), 2, 5);
            assertThrows(IllegalArgumentException.class, () -> new SliceColumns(x, 4, 0, 1));
            assertThrows(IllegalArgumentException.class, () -> new SliceColumns(x, 3, 2, 2));
            assertThrows(IllegalArgumentException.class, () -> new ConcatColumns(x, y, 2, false));
            assertThrows(IllegalArgumentException.class, () -> new Sum(x, 1, y, 1));
            assertThrows(IllegalArgumentException.class, () -> UnitNorm.rms(x, 4, 0));
            assertThrows(IllegalArgumentException.class, () -> new ScaledRows(x, new float[1]));
            assertThrows(IllegalArgumentException.class, () -> new SigmoidGate(x, y));
        }
    }
}
