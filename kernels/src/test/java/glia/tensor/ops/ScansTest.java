package glia.tensor.ops;

import static glia.tensor.ops.CausalConvolutionTest.runs;
import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.format.Encode;
import glia.tensor.kernel.DecayForm;
import glia.tensor.kernel.RecurrentState;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.StepLimits;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.row.Norms.GroupRmsNorm;
import glia.tensor.ops.row.Scales.ScaledColumns;
import glia.tensor.ops.scan.SelectiveScan;
import glia.tensor.ops.scan.StateSpaceScan;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// State-space recurrences compared with their formulas in F64, token by token, their gradients with finite
/// differences, and their states; group RMS norm.
class ScansTest {
    private static Stream<Case> cases() {
        return Stream.of(
                selective("two runs", 3, 2, 5, 3), selective("more tokens than a chunk", 2, 3, 70),
                selective("more channels than a block", 131, 2, 2, 1), selective("one number of state", 3, 1, 4),
                dual("two runs", 2, 3, 4, 1, StepLimits.NONE, 5, 3), dual("groups", 4, 2, 3, 2, StepLimits.NONE, 4, 2),
                dual("more tokens than a chunk", 2, 2, 3, 1, StepLimits.NONE, 67, 2),
                dual("two chunks and one token", 1, 1, 5, 1, StepLimits.NONE, 129),
                dual("limits", 3, 1, 2, 3, new StepLimits(0.4f, 1.1f), 9),
                of("selective scan, rates", (ops, w) -> ops.apply(new SelectiveScan(rows(ops, w[0]), rows(ops, w[1]),
                        rows(ops, w[2]), rows(ops, w[3]), w[4], DecayForm.RATE, w[5], RecurrentState.NONE, runs(4))),
                        w -> selective(w, DecayForm.RATE, 3, 2, 4), shape(4, 3), shape(4, 3), shape(4, 2), shape(4, 2),
                        shape(3, 2), shape(3)),
                of("state space scan, rates", (ops, w) -> ops.apply(new StateSpaceScan(rows(ops, w[0]),
                        rows(ops, w[1]), rows(ops, w[2]), rows(ops, w[3]),
                        new StateSpaceScan.HeadWeights(w[4], w[5], DecayForm.RATE, w[6]), 1, StepLimits.NONE,
                        RecurrentState.NONE, runs(4))), w -> dual(w, DecayForm.RATE, 2, 2, 3, 1, StepLimits.NONE, 4),
                        shape(4, 4), shape(4, 2), shape(4, 3), shape(4, 3), shape(2), shape(2), shape(2)),
                of("scaled columns", (ops, w) -> ops.apply(new ScaledColumns(rows(ops, w[0]),
                        new float[] {2, -0.5f, 0})), w -> IntStream.range(0, 6)
                                .mapToDouble(i -> w[0][i] * new double[] {2, -0.5, 0}[i % 3]).toArray(), shape(2, 3)),
                of("group RMS norm", (ops, w) -> ops.apply(new GroupRmsNorm(rows(ops, w[0]), w[1], 3, 1e-2f)),
                        w -> groupNorm(w[0], w[1], 6), shape(2, 18), shape(18)),
                of("norm of one group", (ops, w) -> ops.apply(new GroupRmsNorm(rows(ops, w[0]), w[1], 1, 1e-2f)),
                        w -> groupNorm(w[0], w[1], 7), shape(3, 7), shape(7)));
    }

    private static double[] groupNorm(double[] x, double[] w, int size) {
        return IntStream.range(0, x.length).mapToDouble(i -> {
            double mean = IntStream.range(i / size * size, i / size * size + size).mapToDouble(j -> x[j] * x[j]).sum()
                    / size;
            return x[i] / Math.sqrt(mean + 1e-2f) * w[i % w.length];
        }).toArray();
    }

    private static Case selective(String name, int channels, int stateSize, int... lengths) {
        int n = IntStream.of(lengths).sum();
        return of("selective scan, " + name, (ops, w) -> ops.apply(new SelectiveScan(rows(ops, w[0]), rows(ops, w[1]),
                rows(ops, w[2]), rows(ops, w[3]), w[4], DecayForm.LOGARITHM, w[5], RecurrentState.NONE,
                runs(lengths))),
                w -> selective(w, DecayForm.LOGARITHM, channels, stateSize, lengths),
                shape(n, channels), shape(n, channels), shape(n, stateSize), shape(n, stateSize),
                shape(channels, stateSize), shape(channels));
    }

    private static double softplus(double x) {
        return Math.log1p(Math.exp(x));
    }

    private static double[] selective(double[][] w, DecayForm form, int channels, int stateSize, int... lengths) {
        double[] y = new double[w[0].length];
        int start = 0;
        for (int length : lengths) {
            double[] h = new double[channels * stateSize];
            for (int t = start; t < start + length; t++) {
                for (int i = 0; i < channels; i++) {
                    int at = t * channels + i;
                    double step = softplus(w[1][at]);
                    y[at] = w[5][i] * w[0][at];
                    for (int s = 0; s < stateSize; s++) {
                        int hs = i * stateSize + s;
                        h[hs] = Math.exp(step * form.rate(w[4][hs])) * h[hs]
                                + step * w[2][t * stateSize + s] * w[0][at];
                        y[at] += w[3][t * stateSize + s] * h[hs];
                    }
                }
            }
            start += length;
        }
        return y;
    }

    private static Case dual(String name, int heads, int headSize, int stateSize, int groups, StepLimits limits,
            int... lengths) {
        int n = IntStream.of(lengths).sum();
        int size = groups * stateSize;
        return of("state space scan, " + name, (ops, w) -> ops.apply(new StateSpaceScan(rows(ops, w[0]),
                rows(ops, w[1]), rows(ops, w[2]), rows(ops, w[3]),
                new StateSpaceScan.HeadWeights(w[4], w[5], DecayForm.LOGARITHM, w[6]), groups, limits,
                RecurrentState.NONE, runs(lengths))),
                w -> dual(w, DecayForm.LOGARITHM, heads, headSize, stateSize, groups, limits, lengths),
                shape(n, heads * headSize), shape(n, heads), shape(n, size), shape(n, size),
                shape(heads), shape(heads), shape(heads));
    }

    private static double[] dual(double[][] w, DecayForm form, int heads, int headSize, int stateSize,
            int groups, StepLimits limits, int... lengths) {
        double[] y = new double[w[0].length];
        int start = 0;
        for (int length : lengths) {
            double[] h = new double[heads * headSize * stateSize];
            for (int t = start; t < start + length; t++) {
                for (int i = 0; i < heads * headSize; i++) {
                    int head = i / headSize;
                    int at = t * heads * headSize + i;
                    double step = Math.clamp(softplus(w[1][t * heads + head] + w[4][head]), limits.min(),
                            limits.max());
                    y[at] = w[6][head] * w[0][at];
                    for (int s = 0; s < stateSize; s++) {
                        int hs = i * stateSize + s;
                        int bs = (t * groups + head * groups / heads) * stateSize + s;
                        h[hs] = Math.exp(step * form.rate(w[5][head])) * h[hs] + step * w[2][bs] * w[0][at];
                        y[at] += w[3][bs] * h[hs];
                    }
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

    /// An operation on the tokens `from` to `to` of each of two sequences.
    private interface Piece {
        Operation of(int from, int to, RecurrentState state, Runs runs);
    }

    /// Full sequences, pieces of any size and several sequences at a time give the same.
    private static void incrementalEqualsFullSequence(int tokens, int stateSize, Piece piece) {
        try (Workers workers = new Workers(2); Arena arena = Arena.ofConfined();
                Compute ops = new Compute(KernelBackends.choose("scalar", workers).kernels(), Precision.EXACT)) {
            float[] whole = piece.of(0, tokens, RecurrentState.NONE, runs(tokens)).forward(ops).toArray();
            for (List<Integer> cuts : List.of(List.of(1), List.of(tokens - 1), List.of(64), List.of(3, 4, 5, 70),
                    IntStream.range(1, tokens).boxed().toList())) {
                StatesOfRuns states = new StatesOfRuns(arena, 1, stateSize);
                List<Integer> ends = new ArrayList<>(cuts);
                ends.add(tokens);
                int from = 0;
                for (int to : ends) {
                    float[] part = piece.of(from, to, states, runs(to - from)).forward(ops).toArray();
                    int cols = part.length / (to - from);
                    float[] expected = java.util.Arrays.copyOfRange(whole, from * cols, to * cols);
                    assertArrayEquals(expected, part, 2e-5f, "tokens " + from + " to " + to);
                    states.step();
                    from = to;
                }
            }
            StatesOfRuns states = new StatesOfRuns(arena, 2, stateSize);
            piece.of(0, tokens, states, runs(20, tokens - 20)).forward(ops);
            float[] both = states.written();
            StatesOfRuns first = new StatesOfRuns(arena, 1, stateSize);
            piece.of(0, 20, first, runs(20)).forward(ops);
            assertArrayEquals(first.written(), java.util.Arrays.copyOf(both, stateSize));
        }
    }

    @Test
    void stateOfSelectiveScan() {
        Arena arena = Arena.ofAuto();
        Random random = new Random(5);
        Tensor x = GradientCheck.random(arena, DType.F32, random, 90, 130);
        Tensor steps = GradientCheck.random(arena, DType.F32, random, 90, 130);
        Tensor b = GradientCheck.random(arena, DType.F32, random, 90, 3);
        Tensor c = GradientCheck.random(arena, DType.F32, random, 90, 3);
        Tensor rates = GradientCheck.random(arena, DType.F32, random, 130, 3);
        for (long i = 0; i < rates.size(); i++) {
            rates.set(i, -Math.abs(rates.get(i)));
        }
        Weight decay = new Weight.Stored(Encode.narrow(rates, DType.BF16, arena));
        Weight skip = new Weight.Stored(GradientCheck.random(arena, DType.F32, random, 130));
        incrementalEqualsFullSequence(90, SelectiveScan.stateSize(130, 3), (from, to, state, runs) ->
                new SelectiveScan(x.rows(from, to), steps.rows(from, to), b.rows(from, to), c.rows(from, to), decay,
                        DecayForm.RATE, skip, state, runs));
    }

    @Test
    void stateOfStateSpaceScan() {
        Arena arena = Arena.ofAuto();
        Random random = new Random(6);
        Tensor x = GradientCheck.random(arena, DType.F32, random, 150, 4 * 5);
        Tensor steps = GradientCheck.random(arena, DType.F32, random, 150, 4);
        Tensor b = GradientCheck.random(arena, DType.F32, random, 150, 6);
        Tensor c = GradientCheck.random(arena, DType.F32, random, 150, 6);
        StateSpaceScan.HeadWeights weights = new StateSpaceScan.HeadWeights(
                new Weight.Stored(GradientCheck.random(arena, DType.F32, random, 4)),
                new Weight.Stored(GradientCheck.random(arena, DType.F32, random, 4)), DecayForm.LOGARITHM,
                new Weight.Stored(GradientCheck.random(arena, DType.F32, random, 4)));
        incrementalEqualsFullSequence(150, StateSpaceScan.stateSize(4, 5, 3), (from, to, state, runs) ->
                new StateSpaceScan(x.rows(from, to), steps.rows(from, to), b.rows(from, to), c.rows(from, to), weights,
                        2, StepLimits.NONE, state, runs));
    }

    @Test
    void shapesThatDoNotFitAreRejected() {
        Arena arena = Arena.ofAuto();
        Tensor x = GradientCheck.random(arena, DType.F32, new Random(1), 2, 6);
        Tensor b = GradientCheck.random(arena, DType.F32, new Random(1), 2, 4);
        Weight six = new Weight.Stored(GradientCheck.random(arena, DType.F32, new Random(1), 6));
        Weight decay = new Weight.Stored(GradientCheck.random(arena, DType.F32, new Random(1), 6, 3));
        assertThrows(IllegalArgumentException.class, () ->
                new SelectiveScan(x, x, b, b, decay, DecayForm.RATE, six, RecurrentState.NONE, runs(2)));
        StateSpaceScan.HeadWeights weights = new StateSpaceScan.HeadWeights(six, six, DecayForm.RATE, six);
        assertThrows(IllegalArgumentException.class, () ->
                new StateSpaceScan(x, x, b, b, weights, 4, StepLimits.NONE, RecurrentState.NONE, runs(2)));
        assertThrows(IllegalArgumentException.class, () -> new GroupRmsNorm(x, six, 4, 0));
        assertThrows(IllegalArgumentException.class, () -> new StepLimits(2, 1));
    }
}
