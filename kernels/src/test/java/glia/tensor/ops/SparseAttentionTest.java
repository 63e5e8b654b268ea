package glia.tensor.ops;

import static glia.tensor.ops.GradientCheck.of;
import static glia.tensor.ops.GradientCheck.rows;
import static glia.tensor.ops.GradientCheck.shape;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.TopK;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.attention.SparseAttention;
import glia.tensor.ops.attention.LightningIndexer;
import glia.tensor.ops.row.PerHeadLinear.Direction;
import glia.tensor.ops.row.PerHeadLinear;
import glia.tensor.ops.row.PerHeadLinear.HeadWeights;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Per-head linear maps, sparse attention and the lightning indexer, compared with their formulas in F64.
class SparseAttentionTest {
    private static final Runs RUNS = new Runs().add(6, 0).add(3, 0);
    /// Every other position, the own one included, in runs of 6 and 3 tokens.
    private static final int[][] LISTS = {{0}, {1}, {0, 2}, {0, 3}, {0, 2, 4}, {1, 3, 5}, {0}, {0, 1}, {2}};

    private static Stream<Case> cases() {
        AttentionShape grouped = new AttentionShape(4, 2, 5, 3, 0.4f, new Span.Causal());
        AttentionShape latent = new AttentionShape(3, 1, 5, 4, 0.3f, new Span.Causal());
        return Stream.of(
                of("per-head linear", (ops, w) -> ops.apply(new PerHeadLinear(rows(ops, w[0]),
                        new HeadWeights(w[1], 3, 1, 4), Direction.FORWARD)),
                        w -> products(w[0], w[1], 2, 5, Direction.FORWARD), shape(2, 15), shape(18, 5)),
                of("per-head linear of shared input", (ops, w) -> ops.apply(new PerHeadLinear(rows(ops, w[0]),
                        new HeadWeights(w[1], 3, 1, 4), Direction.FORWARD)),
                        w -> products(repeat(w[0], 2, 5), w[1], 2, 5, Direction.FORWARD), shape(2, 5), shape(18, 5)),
                of("transposed per-head linear", (ops, w) -> ops.apply(new PerHeadLinear(rows(ops, w[0]),
                        new HeadWeights(w[1], 3, 1, 4), Direction.TRANSPOSED)),
                        w -> products(w[0], w[1], 2, 5, Direction.TRANSPOSED), shape(2, 12), shape(3, 6, 5)),
                of("transposed per-head linear of shared input", (ops, w) -> ops.apply(new PerHeadLinear(
                        rows(ops, w[0]), new HeadWeights(w[1], 3, 1, 4), Direction.TRANSPOSED)),
                        w -> products(repeat(w[0], 2, 4), w[1], 2, 5, Direction.TRANSPOSED), shape(2, 4),
                        shape(18, 5)),
                of("sparse attention", (ops, w) -> ops.apply(new SparseAttention(rows(ops, w[0]), rows(ops, w[1]),
                        rows(ops, w[2]), KeyValueState.NONE, RUNS, lists(LISTS), grouped)),
                        w -> attention(w[0], w[1], w[2], 6, grouped), shape(9, 20), shape(9, 10), shape(9, 6)),
                of("sparse attention to rows that are keys and values", (ops, w) -> {
                    Tensor k = rows(ops, w[1]);
                    return ops.apply(new SparseAttention(rows(ops, w[0]), k, k, KeyValueState.NONE, RUNS, lists(LISTS),
                            latent));
                }, w -> attention(w[0], w[1], w[1], 5, latent), shape(9, 15), shape(9, 5)));
    }

    static AttendedPositions lists(int[][] keys) {
        AttendedPositions lists = new AttendedPositions();
        for (int n = 0; n < keys.length; n++) {
            lists.add(keys[n].length);
            for (int i = 0; i < keys[n].length; i++) {
                lists.set(n, i, keys[n][i]);
            }
        }
        return lists;
    }

    /// Three heads of 6 rows, of which rows 1 to 4 are used.
    private static double[] products(double[] x, double[] w, int tokens, int cols, Direction direction) {
        int in = direction == Direction.FORWARD ? cols : 4;
        int out = direction == Direction.FORWARD ? 4 : cols;
        double[] y = new double[tokens * 3 * out];
        for (int n = 0; n < tokens * 3; n++) {
            for (int i = 0; i < in; i++) {
                for (int j = 0; j < out; j++) {
                    int row = n % 3 * 6 + 1 + (direction == Direction.FORWARD ? j : i);
                    y[n * out + j] += x[n * in + i] * w[row * cols + (direction == Direction.FORWARD ? i : j)];
                }
            }
        }
        return y;
    }

    private static double[] repeat(double[] x, int tokens, int size) {
        return IntStream.range(0, tokens * 3 * size).mapToDouble(i -> x[i / (3 * size) * size + i % size]).toArray();
    }

    private static double[] attention(double[] q, double[] k, double[] v, int valueCols, AttentionShape s) {
        double[] y = new double[9 * s.numHeads() * s.valueSize()];
        int keyCols = s.numKeyValueHeads() * s.keySize();
        for (int n = 0; n < 9; n++) {
            int start = n < 6 ? 0 : 6;
            for (int h = 0; h < s.numHeads(); h++) {
                int kvHead = h / s.groupSize();
                double[] weights = new double[LISTS[n].length];
                for (int i = 0; i < weights.length; i++) {
                    for (int e = 0; e < s.keySize(); e++) {
                        weights[i] += s.scale() * q[(n * s.numHeads() + h) * s.keySize() + e]
                                * k[(start + LISTS[n][i]) * keyCols + kvHead * s.keySize() + e];
                    }
                    weights[i] = Math.exp(weights[i]);
                }
                double sum = Arrays.stream(weights).sum();
                for (int i = 0; i < weights.length; i++) {
                    for (int e = 0; e < s.valueSize(); e++) {
                        y[(n * s.numHeads() + h) * s.valueSize() + e] += weights[i] / sum
                                * v[(start + LISTS[n][i]) * valueCols + kvHead * s.valueSize() + e];
                    }
                }
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

    /// More positions than are scored at a time, and a second sequence.
    @ParameterizedTest
    @ValueSource(strings = {"scalar", "vector"})
    void indexerChoosesTheTopKeys(String kernels) {
        Runs runs = new Runs().add(1100, 0).add(19, 0);
        int heads = 3;
        int size = 4;
        int count = 6;
        Random random = new Random(5);
        try (Workers workers = new Workers(2); Arena arena = Arena.ofConfined();
                Compute ops = new Compute(KernelBackends.choose(kernels, workers).kernels(), Precision.EXACT)) {
            // Small integers, so that sums are exact and many scores are equal.
            Tensor q = whole(arena, random, 1119, heads * size);
            Tensor k = whole(arena, random, 1119, size);
            Tensor w = whole(arena, random, 1119, heads);
            AttendedPositions lists = new AttendedPositions();
            Tensor counts = ops.apply(new LightningIndexer(q, k, w, KeyValueState.NONE, runs, count, lists));
            for (int n = 0; n < 1119; n++) {
                int start = n < 1100 ? 0 : 1100;
                int token = n;
                int[] best = IntStream.rangeClosed(0, n - start).boxed()
                        .sorted(Comparator.comparingDouble((Integer p) -> -score(q, k, w, token, start + p)))
                        .limit(count).mapToInt(Integer::intValue).sorted().toArray();
                assertEquals(best.length, (int) counts.get(n));
                assertEquals(Arrays.toString(best), Arrays.toString(IntStream.range(0, lists.count(n))
                        .map(i -> lists.get(token, i)).toArray()), "token " + n);
            }
        }
    }

    private static double score(Tensor q, Tensor k, Tensor w, int n, int row) {
        double sum = 0;
        for (int h = 0; h < w.cols(); h++) {
            double dot = 0;
            for (int e = 0; e < k.cols(); e++) {
                dot += q.get((long) n * q.cols() + h * k.cols() + e) * k.get((long) row * k.cols() + e);
            }
            sum += w.get((long) n * w.cols() + h) * Math.max(0, dot);
        }
        return sum + 0.0;
    }

    private static Tensor whole(Arena arena, Random random, int rows, int cols) {
        Tensor t = Tensor.allocate(arena, DType.F32, rows, cols);
        for (long i = 0; i < t.size(); i++) {
            t.set(i, random.nextInt(-2, 3));
        }
        return t;
    }

    @Test
    void amongEqualNumbersTheFirstAreLargest() {
        float[] numbers = {0, Float.NaN, -0f, 3, Float.NEGATIVE_INFINITY, 3, 0, Float.POSITIVE_INFINITY, -1, 3};
        int[] order = {7, 3, 5, 9, 0, 2, 6, 8, 4, 1};
        for (int count = 1; count <= numbers.length; count++) {
            AttendedPositions lists = new AttendedPositions();
            lists.add(count);
            TopK.choose(numbers, lists, 0);
            int[] expected = Arrays.stream(order).limit(count).sorted().toArray();
            assertEquals(Arrays.toString(expected),
                    Arrays.toString(IntStream.range(0, count).map(i -> lists.get(0, i)).toArray()));
        }
    }

    @Test
    void shapesThatDoNotFitAreRejected() {
        try (Arena arena = Arena.ofConfined()) {
            Weight w = new Weight.Stored(whole(arena, new Random(1), 6, 4));
            Tensor x = whole(arena, new Random(1), 2, 6);
            assertThrows(IllegalArgumentException.class, () -> new HeadWeights(w, 4, 0, 1));
            assertThrows(IllegalArgumentException.class, () -> new HeadWeights(w, 2, 2, 2));
            HeadWeights heads = new HeadWeights(w, 3, 0, 2);
            assertThrows(IllegalArgumentException.class, () -> new PerHeadLinear(x, heads, Direction.FORWARD));
            Runs two = new Runs().add(2, 0);
            AttentionShape shape = new AttentionShape(2, 1, 3, 3, 1, new Span.Causal());
            assertThrows(IllegalArgumentException.class, () -> new SparseAttention(x, x, x, KeyValueState.NONE, two,
                    new AttendedPositions(), shape));
            assertThrows(IllegalArgumentException.class, () -> new LightningIndexer(x, x, x, KeyValueState.NONE, two, 1,
                    new AttendedPositions()));
            assertThrows(IllegalArgumentException.class, () -> new AttendedPositions().add(0));
        }
    }
}
