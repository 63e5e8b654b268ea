package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.compare;
import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.random;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;
import static glia.tensor.ops.GradientCheck.toDoubles;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.GradientCheck.Case;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The backward pass of every op compared with finite differences of its formula in F64: for random `c` the derivative
/// of `Σ c·y` by every value of every input, `(f(x + h) - f(x - h)) / 2h`, whose own error is about 1e-9.
class GradientTest {
    private static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>(List.of(
                of("embed", (ops, w) -> ops.embed(w[0], new int[] {3, 0, 3, 1}, 4),
                        w -> Reference.rows(w[0], 7, 3, 0, 3, 1), shape(5, 7)),
                of("linear", (ops, w) -> ops.linear(rows(ops, w[0]), w[1]),
                        w -> Reference.linear(w[0], w[1], 17), shape(5, 17), shape(9, 17)),
                of("linear of one token", (ops, w) -> ops.linear(rows(ops, w[0]), w[1]),
                        w -> Reference.linear(w[0], w[1], 33), shape(1, 33), shape(3, 33)),
                new Case("linear, BF16", DType.BF16, new long[][] {{4, 18}, {6, 18}},
                        (ops, w) -> ops.linear(rows(ops, w[0]), w[1]), w -> Reference.linear(w[0], w[1], 18)),
                of("bias", (ops, w) -> ops.addBias(rows(ops, w[0]), w[1]),
                        w -> Reference.add(w[0], w[1], 1), shape(4, 11), shape(11)),
                of("RMS norm", (ops, w) -> ops.rmsNorm(rows(ops, w[0]), w[1], 1e-2f, 0),
                        w -> Reference.rmsNorm(w[0], w[1], 1e-2f, 0), shape(3, 19), shape(19)),
                of("RMS norm of heads, offset 1", (ops, w) -> ops.rmsNorm(rows(ops, w[0]), w[1], 1e-6f, 1),
                        w -> Reference.rmsNorm(w[0], w[1], 1e-6f, 1), shape(3, 24), shape(8)),
                of("layer norm", (ops, w) -> ops.layerNorm(rows(ops, w[0]), w[1], w[2], 1e-2f),
                        w -> Reference.layerNorm(w[0], w[1], w[2], 1e-2f), shape(3, 21), shape(21), shape(21)),
                of("scale", (ops, w) -> ops.scale(rows(ops, w[0]), -1.5f),
                        w -> Reference.add(new double[w[0].length], w[0], -1.5), shape(3, 5)),
                of("residual", (ops, w) -> ops.residual(rows(ops, w[0]), rows(ops, w[1]), 0.25f),
                        w -> Reference.add(w[0], w[1], 0.25), shape(3, 18), shape(3, 18)),
                of("residual of itself", (ops, w) -> {
                    Tensor x = rows(ops, w[0]);
                    return ops.residual(x, ops.scale(x, 3), 0.5f);
                }, w -> Reference.add(w[0], w[0], 1.5), shape(2, 4)),
                of("select", (ops, w) -> ops.select(rows(ops, w[0]), new int[] {1, 4, 4}, 3),
                        w -> Reference.rows(w[0], 6, 1, 4, 4), shape(5, 6)),
                of("one weight used twice", (ops, w) -> ops.linear(ops.linear(rows(ops, w[0]), w[1]), w[1]),
                        w -> Reference.linear(Reference.linear(w[0], w[1], 6), w[1], 6), shape(2, 6), shape(6, 6))));
        for (Activation f : Activation.values()) {
            cases.add(of("gated " + f, (ops, w) -> ops.gated(rows(ops, w[0]), rows(ops, w[1]), f),
                    w -> Reference.gated(w[0], w[1], f), shape(3, 37), shape(3, 37)));
            cases.add(of("activate " + f, (ops, w) -> ops.activate(rows(ops, w[0]), f),
                    w -> Reference.gated(w[0], Reference.ones(w[0].length), f), shape(3, 37)));
        }
        for (Layout layout : Layout.values()) {
            cases.add(rotation(layout));
        }
        return cases.stream();
    }

    /// Six of the eight values of each head are rotated, in two runs.
    private static Case rotation(Layout layout) {
        Runs runs = new Runs().add(2, 0).add(3, 70);
        float[] frequencies = {1, 0.2f, 0.03f};
        RopeTable table = new RopeTable(frequencies, 1.25f, layout);
        return of("rotate " + layout, (ops, w) -> ops.rotate(rows(ops, w[0]), 8, table, runs.positions()),
                w -> Reference.rotate(w[0], 16, 8, frequencies, 1.25, layout, runs), shape(5, 16));
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
    void gradientOfTheLossMatchesFiniteDifferences() {
        int[] targets = {2, -1, 0, 8};
        Case loss = of("cross-entropy", null,
                w -> new double[] {Reference.crossEntropy(w[0], 9, targets)}, shape(4, 9));
        try (Workers workers = new Workers(1); Gradients gradients = new Gradients(); Arena arena = Arena.ofConfined();
                Recorder ops = new Recorder(KernelBackends.choose("scalar", workers).kernels(), gradients)) {
            Tensor logits = random(arena, DType.F32, new Random(2), 4, 9);
            Weight w = new Weight.Stored(logits);
            double found = ops.crossEntropy(rows(ops, w), targets);
            double[][] values = {toDoubles(logits)};
            assertEquals(loss.formula().of(values)[0], found, 1e-6);
            ops.backward();
            compare(loss, values, 0, new double[] {1}, gradients.of(w));
            for (int[] wrong : new int[][] {{-1, -1, -1, -1}, {0, 0, 0, 9}}) {
                assertThrows(IllegalArgumentException.class, () -> ops.crossEntropy(rows(ops, w), wrong));
            }
        }
    }
}
