package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.attention.HeadDifference;
import glia.tensor.ops.expert.ChosenLinear.ChoiceSum;
import glia.tensor.ops.expert.ChosenLinear;
import glia.tensor.ops.expert.Router;
import glia.tensor.ops.expert.Routing;
import glia.tensor.ops.row.Scales.PositionScale;
import glia.tensor.ops.row.Columns.RepeatedBias;
import glia.tensor.ops.row.Pointwise.ScaledRotation;
import glia.tensor.ops.row.Columns.SwappedGroups;
import glia.tensor.ops.row.Pointwise.Xielu;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Operations of single families, compared with their formulas in F64.
class RareOperationsTest {
    private static final Weight BETA = stored(0.5f);
    private static final Weight EPS = stored(-0.25f);
    /// The logits of two tokens for three experts, and the two that they choose.
    private static final Tensor LOGITS = Tensor.of(Arena.global(), new float[] {1, 3, 2, 5, 4, 6}, 2, 3);
    private static final int[] CHOSEN = {1, 2, 2, 0};
    private static final float[] FREQUENCIES = {1, 0.25f};
    private static final int[] POSITIONS = {0, 3, 1};

    private static Weight stored(float value) {
        return new Weight.Stored(Tensor.of(Arena.global(), new float[] {value}, 1));
    }

    private static Stream<Case> cases() {
        return Stream.of(
                of("repeated bias", (ops, w) -> ops.apply(new RepeatedBias(rows(ops, w[0]), w[1])),
                        w -> IntStream.range(0, 24).mapToDouble(i -> w[0][i] + w[1][i % 4]).toArray(),
                        shape(2, 12), shape(4)),
                of("xIELU", (ops, w) -> ops.apply(new Xielu(rows(ops, w[0]), w[1], w[2], BETA, EPS)),
                        w -> IntStream.range(0, 34).mapToDouble(i -> xielu(w[0][i], w[1][0], w[2][0])).toArray(),
                        shape(2, 17), shape(1), shape(1)),
                of("difference of heads", (ops, w) ->
                        ops.apply(new HeadDifference(rows(ops, w[0]), w[1], w[2], w[3], w[4], 0.2f)),
                        w -> difference(w[0], lambda(w[1], w[2]) - lambda(w[3], w[4]) + 0.2f, 6),
                        shape(3, 12), shape(5), shape(5), shape(5), shape(5)),
                of("swapped groups", (ops, w) -> ops.apply(new SwappedGroups(rows(ops, w[0]), 3, 2)),
                        w -> IntStream.range(0, 36).mapToDouble(i -> w[0][i / 18 * 18
                                + (i % 18 / 3 % 3 * 2 + i % 18 / 9) * 3 + i % 3]).toArray(), shape(2, 18)),
                of("sum of choices", (ops, w) -> ops.apply(new ChoiceSum(rows(ops, w[0]), rows(ops, w[1]))),
                        w -> IntStream.range(0, 8).mapToDouble(i -> IntStream.range(0, 3).mapToDouble(j ->
                                w[0][i / 4 * 12 + j * 4 + i % 4] * w[1][i / 4 * 3 + j]).sum()).toArray(),
                        shape(2, 12), shape(2, 3)),
                of("scaled rotation", (ops, w) -> ops.apply(new ScaledRotation(rows(ops, w[0]), 5, w[1], FREQUENCIES,
                        1.5f, POSITIONS)), w -> rotated(w[0], w[1], 10, 5), shape(3, 10), shape(2)),
                of("scale by position", (ops, w) ->
                        ops.apply(new PositionScale(rows(ops, w[0]), w[1], w[2], POSITIONS)),
                        w -> IntStream.range(0, 24).mapToDouble(i -> w[0][i] * (w[1][i % 8 / 4]
                                * Math.log(POSITIONS[i / 8] + 1) + w[2][i % 8 / 4])).toArray(),
                        shape(3, 8), shape(2), shape(2)),
                chosen("maps of chosen experts", false), chosen("maps of choices", true));
    }

    /// The first four of each group of five columns rotate.
    private static double[] rotated(double[] x, double[] a, int cols, int size) {
        double[] y = x.clone();
        for (int i = 0; i < x.length; i++) {
            int pair = i % cols % size / 2;
            if (pair < 2) {
                double angle = POSITIONS[i / cols] * FREQUENCIES[pair] * Math.exp(a[pair]);
                boolean isFirst = i % cols % size % 2 == 0;
                y[i] = 1.5 * (isFirst ? x[i] * Math.cos(angle) - x[i + 1] * Math.sin(angle)
                        : x[i] * Math.cos(angle) + x[i - 1] * Math.sin(angle));
            }
        }
        return y;
    }

    private static double xielu(double x, double positive, double negative) {
        double a = Math.log1p(Math.exp(positive));
        double c = 0.5 + Math.log1p(Math.exp(negative));
        return (x > 0 ? a * x * x : c * (Math.expm1(Math.min(x, -0.25)) - x)) + 0.5 * x;
    }

    private static double lambda(double[] q, double[] k) {
        return Math.exp(IntStream.range(0, q.length).mapToDouble(i -> q[i] * k[i]).sum());
    }

    private static double[] difference(double[] x, double lambda, int half) {
        return IntStream.range(0, x.length / 2).mapToDouble(i -> {
            int at = i / half * 2 * half + i % half;
            return x[at] - lambda * x[at + half];
        }).toArray();
    }

    /// Three maps from 4 to 5 numbers, of which each of two tokens chooses two.
    private static Case chosen(String name, boolean each) {
        return of(name, (ops, w) -> {
            Routing routing = new Routing(LOGITS, Router.plain(2, Router.Score.LOGIT, Router.Share.SOFTMAX),
                    Optional.empty());
            ops.apply(routing);
            return ops.apply(new ChosenLinear(rows(ops, w[0]), routing, List.of(w[1], w[2], w[3])));
        }, w -> IntStream.range(0, 20).mapToDouble(i -> {
            int choice = i / 5;
            int from = (each ? choice : choice / 2) * 4;
            double[] map = w[1 + CHOSEN[choice]];
            return IntStream.range(0, 4).mapToDouble(c -> map[i % 5 * 4 + c] * w[0][from + c]).sum();
        }).toArray(), shape(2, each ? 8 : 4), shape(5, 4), shape(5, 4), shape(5, 4));
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
            Tensor x = GradientCheck.random(arena, DType.F32, new Random(1), 2, 6);
            Weight four = new Weight.Stored(GradientCheck.random(arena, DType.F32, new Random(1), 4));
            assertThrows(IllegalArgumentException.class, () -> new RepeatedBias(x, four));
            assertThrows(IllegalArgumentException.class, () -> new Xielu(x, four, BETA, BETA, EPS));
            assertThrows(IllegalArgumentException.class, () -> new HeadDifference(x, four, four, four, BETA, 0));
            assertThrows(IllegalArgumentException.class, () -> new SwappedGroups(x, 4, 1));
            assertThrows(IllegalArgumentException.class, () -> new PositionScale(x, four, four, POSITIONS));
            assertThrows(IllegalArgumentException.class, () -> new ScaledRotation(x, 3, four, FREQUENCIES, 1,
                    POSITIONS));
            assertThrows(IllegalArgumentException.class, () -> new ChoiceSum(x, LOGITS.rows(0, 1)));
        }
    }
}
