package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.scan.CausalConvolution;
import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The convolution compared with its formula in F64, its gradients with finite differences, and its state.
class CausalConvolutionTest {
    private static Stream<Case> cases() {
        return Stream.of(
                of("one run", (ops, w) -> ops.apply(new CausalConvolution(rows(ops, w[0]), w[1], Optional.empty(),
                        RecurrentState.NONE, runs(6))), w -> formula(w[0], w[1], new double[3], 3, 6),
                        shape(6, 3), shape(3, 4)),
                of("two runs, one shorter than the window", (ops, w) -> ops.apply(new CausalConvolution(
                        rows(ops, w[0]), w[1], Optional.of(w[2]), RecurrentState.NONE, runs(2, 5))),
                        w -> formula(w[0], w[1], w[2], 5, 2, 5), shape(7, 5), shape(5, 1, 4), shape(5)),
                of("more channels than a block", (ops, w) -> ops.apply(new CausalConvolution(rows(ops, w[0]), w[1],
                        Optional.of(w[2]), RecurrentState.NONE, runs(3))),
                        w -> formula(w[0], w[1], w[2], 131, 3), shape(3, 131), shape(131, 2), shape(131)),
                of("dilation", (ops, w) -> ops.apply(new CausalConvolution(rows(ops, w[0]), w[1], Optional.empty(), 2,
                        RecurrentState.NONE, runs(8, 3))), w -> formula(w[0], spread(w[1], 4, 3, 2), new double[4], 4,
                                8, 3), shape(11, 4), shape(4, 3)),
                of("a window of one token", (ops, w) -> ops.apply(new CausalConvolution(rows(ops, w[0]), w[1],
                        Optional.of(w[2]), RecurrentState.NONE, runs(3))),
                        w -> formula(w[0], w[1], w[2], 4, 3), shape(3, 4), shape(4, 1), shape(4)));
    }

    /// Weights with zeros between those of each channel.
    private static double[] spread(double[] w, int channels, int size, int dilation) {
        int wide = (size - 1) * dilation + 1;
        double[] y = new double[channels * wide];
        for (int i = 0; i < w.length; i++) {
            y[i / size * wide + i % size * dilation] = w[i];
        }
        return y;
    }

    static Runs runs(int... lengths) {
        Runs runs = new Runs();
        for (int length : lengths) {
            runs.add(length, 0);
        }
        return runs;
    }

    private static double[] formula(double[] x, double[] w, double[] b, int channels, int... lengths) {
        double[] y = new double[x.length];
        int size = w.length / channels;
        int start = 0;
        for (int length : lengths) {
            for (int t = start; t < start + length; t++) {
                for (int c = 0; c < channels; c++) {
                    double sum = b[c];
                    for (int back = 0; back < size && t - back >= start; back++) {
                        sum += w[c * size + size - 1 - back] * x[(t - back) * channels + c];
                    }
                    y[t * channels + c] = sum;
                }
            }
            start += length;
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

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void incrementalEqualsFullSequence(int dilation) {
        try (Workers workers = new Workers(2); Arena arena = Arena.ofConfined();
                Compute ops = new Compute(KernelBackends.choose("scalar", workers).kernels(), Precision.EXACT)) {
            Random random = new Random(3);
            Tensor x = GradientCheck.random(arena, DType.F32, random, 9, 140);
            Weight w = new Weight.Stored(GradientCheck.random(arena, DType.BF16, random, 140, 1, 4));
            Weight b = new Weight.Stored(GradientCheck.random(arena, DType.F32, random, 140));
            Tensor whole = new CausalConvolution(x, w, Optional.of(b), dilation, RecurrentState.NONE, runs(9))
                    .forward(ops);
            for (int cut = 1; cut < 9; cut++) {
                StatesOfRuns states = new StatesOfRuns(arena, 1, CausalConvolution.stateSize(140, 4, dilation));
                Tensor left = new CausalConvolution(x.rows(0, cut), w, Optional.of(b), dilation, states, runs(cut))
                        .forward(ops);
                states.step();
                Tensor right = new CausalConvolution(x.rows(cut, 9), w, Optional.of(b), dilation, states, runs(9 - cut))
                        .forward(ops);
                assertArrayEquals(whole.rows(0, cut).toArray(), left.toArray());
                assertArrayEquals(whole.rows(cut, 9).toArray(), right.toArray());
            }
        }
    }

    @Test
    void shapesThatDoNotFitAreRejected() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor x = GradientCheck.random(arena, DType.F32, new Random(1), 2, 6);
            Weight w = new Weight.Stored(GradientCheck.random(arena, DType.F32, new Random(1), 5, 4));
            assertThrows(IllegalArgumentException.class, () ->
                    new CausalConvolution(x, w, Optional.empty(), RecurrentState.NONE, runs(2)));
        }
    }
}
