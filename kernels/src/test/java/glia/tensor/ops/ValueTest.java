package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.kernels.KernelBackends;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.autograd.Value;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.GradientCheck.Case;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The arithmetic of losses compared with its formulas, and its gradients.
class ValueTest {
    private static final int COLS = 3;

    private static Value value(Recorder ops, Weight w) {
        return new Value(ops, rows(ops, w));
    }

    private static Case mapped(String name, UnaryOperator<Value> f, DoubleUnaryOperator formula) {
        return of(name, (ops, w) -> f.apply(value(ops, w[0])).tensor(),
                w -> Arrays.stream(w[0]).map(formula).toArray(), shape(4, COLS));
    }

    /// Operands of equal shape, and a matrix with a column, a row and a single value.
    private static List<Case> combined(String name, BinaryOperator<Value> f, DoubleBinaryOperator formula) {
        List<Case> cases = new ArrayList<>();
        for (long[] second : new long[][] {{4, COLS}, {4, 1}, {1, COLS}, {1, 1}}) {
            cases.add(of(name + " " + Arrays.toString(second),
                    (ops, w) -> f.apply(value(ops, w[0]), value(ops, w[1])).tensor(), w -> {
                        double[] y = new double[w[0].length];
                        for (int i = 0; i < y.length; i++) {
                            int row = second[0] == 1 ? 0 : i / COLS;
                            int col = second[1] == 1 ? 0 : i % COLS;
                            y[i] = formula.applyAsDouble(w[0][i], w[1][row * (int) second[1] + col]);
                        }
                        return y;
                    }, shape(4, COLS), second));
        }
        return cases;
    }

    private static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>(List.of(
                mapped("exp", Value::exp, Math::exp),
                mapped("log of a square", v -> v.square().log(), x -> Math.log(x * x)),
                mapped("magnitude", Value::abs, Math::abs),
                mapped("log sigmoid", Value::logSigmoid, x -> -Math.log(1 + Math.exp(-x))),
                mapped("clamp", v -> v.clamp(-0.3, 0.6), x -> Math.min(Math.max(x, -0.3), 0.6)),
                mapped("a line", v -> v.times(-2.5).plus(4), x -> 4 - 2.5 * x),
                of("sum", (ops, w) -> value(ops, w[0]).sum().tensor(),
                        w -> new double[] {Arrays.stream(w[0]).sum()}, shape(4, COLS)),
                of("mean", (ops, w) -> value(ops, w[0]).mean().tensor(),
                        w -> new double[] {Arrays.stream(w[0]).average().orElseThrow()}, shape(4, COLS)),
                of("row sums", (ops, w) -> value(ops, w[0]).rowSums().tensor(),
                        w -> new double[] {w[0][0] + w[0][1] + w[0][2], w[0][3] + w[0][4] + w[0][5]}, shape(2, COLS)),
                of("group sums", (ops, w) -> value(ops, w[0]).groupSums(new int[] {1, -1, 0, 1}, 3).tensor(),
                        w -> new double[] {w[0][4], w[0][5], w[0][0] + w[0][6], w[0][1] + w[0][7], 0, 0},
                        shape(4, 2)),
                of("a column of some rows", (ops, w) -> value(ops, w[0]).rows(2, 0).column(1).tensor(),
                        w -> new double[] {w[0][7], w[0][1]}, shape(4, COLS)),
                of("group maxima", (ops, w) -> value(ops, w[0]).groupMax(new int[] {1, -1, 0, 1}, 2).tensor(),
                        w -> new double[] {w[0][4], w[0][5], Math.max(w[0][0], w[0][6]), Math.max(w[0][1], w[0][7])},
                        shape(4, 2)),
                of("picked columns", (ops, w) -> value(ops, w[0]).pick(2, 0, 1, 1).tensor(),
                        w -> new double[] {w[0][2], w[0][0], w[0][4], w[0][4]}, shape(2, COLS)),
                of("dot products of all pairs", (ops, w) -> value(ops, w[0]).dots(value(ops, w[1])).tensor(),
                        w -> Reference.linear(w[0], w[1], COLS), shape(4, COLS), shape(5, COLS)),
                of("unit rows", (ops, w) -> value(ops, w[0]).unitRows().tensor(), w -> {
                    double[] y = w[0].clone();
                    for (int i = 0; i < y.length; i++) {
                        int row = i / COLS * COLS;
                        y[i] /= Math.sqrt(w[0][row] * w[0][row] + w[0][row + 1] * w[0][row + 1]
                                + w[0][row + 2] * w[0][row + 2]);
                    }
                    return y;
                }, shape(4, COLS)),
                of("log-softmax", (ops, w) -> value(ops, w[0]).logSoftmax().tensor(), w -> {
                    double[] y = w[0].clone();
                    for (int n = 0; n < 2; n++) {
                        double sum = 0;
                        for (int v = 0; v < 5; v++) {
                            sum += Math.exp(w[0][5 * n + v]);
                        }
                        for (int v = 0; v < 5; v++) {
                            y[5 * n + v] -= Math.log(sum);
                        }
                    }
                    return y;
                }, shape(2, 5))));
        cases.addAll(combined("plus", Value::plus, Double::sum));
        cases.addAll(combined("minus", Value::minus, (a, b) -> a - b));
        cases.addAll(combined("times", Value::times, (a, b) -> a * b));
        cases.addAll(combined("divided by", (a, b) -> a.dividedBy(b.square().plus(1)), (a, b) -> a / (b * b + 1)));
        cases.addAll(combined("min", Value::min, Math::min));
        cases.addAll(combined("max", Value::max, Math::max));
        return cases.stream();
    }

    static Stream<Object[]> casesAndKernels() {
        return cases().flatMap(c -> Stream.of("scalar", "best").map(kernels -> new Object[] {c, kernels}));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("casesAndKernels")
    void gradientMatchesFiniteDifferences(Object caseOf, String kernels) {
        GradientCheck.check((Case) caseOf, kernels);
    }

    @Test
    void numbersAreSingle() {
        try (Workers workers = new Workers(1); Gradients gradients = new Gradients();
                Recorder ops = new Recorder(KernelBackends.choose("scalar", workers).kernels(), gradients)) {
            Value column = Value.constant(ops, 1, 2, 3.5f);
            assertEquals(6.5, column.sum().number());
            assertThrows(IllegalStateException.class, column::number);
            assertThrows(IllegalArgumentException.class, () -> column.plus(Value.constant(ops, 1, 2)));
        }
    }
}
