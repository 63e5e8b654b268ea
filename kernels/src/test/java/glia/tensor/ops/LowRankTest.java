package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.kernels.emitted.EmittedKernels;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix.Parts;
import glia.tensor.QuantizedMatrix;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.expert.ExpertLinear;
import glia.tensor.ops.expert.ExpertMlp;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router.Score;
import glia.tensor.ops.expert.Router.Share;
import glia.tensor.ops.expert.Router;
import glia.tensor.ops.expert.Routing;
import glia.tensor.ops.row.PerHeadLinear;
import glia.tensor.ops.row.PerHeadLinear.HeadWeights;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Weights with low-rank adapters: every operation that supports them gives the results and gradients of the sum `W +
/// s·B·A`.
class LowRankTest {
    private static final float SCALE = 0.75f;
    private static final int ROWS = 48;
    private static final int COLS = 256;
    private static final int RANK = 3;

    private static LowRank adapted(Weight base, Weight a, Weight b) {
        return new LowRank(base, (Weight.Stored) a, (Weight.Stored) b, SCALE);
    }

    /// `W + s·B·A` in F64.
    private static double[] sum(double[] w, double[] a, double[] b, int rank) {
        int cols = a.length / rank;
        double[] sum = w.clone();
        for (int r = 0; r < w.length / cols; r++) {
            for (int k = 0; k < cols; k++) {
                for (int i = 0; i < rank; i++) {
                    sum[r * cols + k] += SCALE * b[r * rank + i] * a[i * cols + k];
                }
            }
        }
        return sum;
    }

    /// `x · wᵀ` for w `[rows, cols]`.
    private static double[] product(double[] x, double[] w, int cols) {
        int rows = w.length / cols;
        double[] y = new double[x.length / cols * rows];
        for (int n = 0; n < x.length / cols; n++) {
            for (int r = 0; r < rows; r++) {
                for (int k = 0; k < cols; k++) {
                    y[n * rows + r] += x[n * cols + k] * w[r * cols + k];
                }
            }
        }
        return y;
    }

    private static double[] transposed(double[] w, int cols) {
        int rows = w.length / cols;
        double[] t = new double[w.length];
        for (int r = 0; r < rows; r++) {
            for (int k = 0; k < cols; k++) {
                t[k * rows + r] = w[r * cols + k];
            }
        }
        return t;
    }

    private static double[] head(double[] all, int head, int rows, int cols, int from, int count) {
        int first = (head * rows + from) * cols;
        return Arrays.copyOfRange(all, first, first + count * cols);
    }

    static Stream<Object[]> cases() {
        long[] x = {5, 6};
        long[] w = {8, 6};
        long[] a = {2, 6};
        long[] b = {8, 2};
        List<Case> cases = new ArrayList<>();
        cases.add(GradientCheck.of("linear", (ops, in) -> ops.linear(GradientCheck.rows(ops, in[0]),
                adapted(in[1], in[2], in[3])), in -> product(in[0], sum(in[1], in[2], in[3], 2), 6), x, w, a, b));
        cases.add(GradientCheck.of("an adapter of an adapter", (ops, in) -> ops.linear(GradientCheck.rows(ops, in[0]),
                adapted(adapted(in[1], in[2], in[3]), in[4], in[5])),
                in -> product(in[0], sum(sum(in[1], in[2], in[3], 2), in[4], in[5], 1), 6), x, w, a, b,
                new long[] {1, 6}, new long[] {8, 1}));
        cases.add(GradientCheck.of("the same twice", (ops, in) -> {
            LowRank both = adapted(in[1], in[2], in[3]);
            return ops.linear(ops.linear(GradientCheck.rows(ops, in[0]), both), both);
        }, in -> {
            double[] both = sum(in[1], in[2], in[3], 2);
            return product(product(in[0], both, 6), both, 6);
        }, x, new long[] {6, 6}, a, new long[] {6, 2}));
        int[] ids = {7, 0, 3, 7, 7, 1};
        cases.add(GradientCheck.of("embedding", (ops, in) -> ops.embed(adapted(in[0], in[1], in[2]), ids, ids.length),
                in -> {
                    double[] table = sum(in[0], in[1], in[2], 2);
                    return IntStream.of(ids).boxed().flatMapToDouble(id -> Arrays.stream(table, 6 * id, 6 * id + 6))
                            .toArray();
                }, w, a, b));
        cases.add(GradientCheck.of("heads", (ops, in) -> ops.apply(new PerHeadLinear(GradientCheck.rows(ops, in[0]),
                new HeadWeights(adapted(in[1], in[2], in[3]), 2, 1, 3), PerHeadLinear.Direction.FORWARD)),
                in -> heads(in[0], sum(in[1], in[2], in[3], 2), false), new long[] {5, 12}, w, a, b));
        cases.add(GradientCheck.of("transposed heads", (ops, in) -> ops.apply(new PerHeadLinear(
                GradientCheck.rows(ops, in[0]), new HeadWeights(adapted(in[1], in[2], in[3]), 2, 1, 3),
                PerHeadLinear.Direction.TRANSPOSED)), in -> heads(in[0], sum(in[1], in[2], in[3], 2), true),
                x, w, a, b));
        return cases.stream().flatMap(c -> kernels().map(set -> new Object[] {c, set}));
    }

    /// Two heads of four rows, of which those from the second on are used.
    private static double[] heads(double[] x, double[] w, boolean transposed) {
        int in = transposed ? 3 : 6;
        int out = transposed ? 6 : 3;
        int tokens = x.length / 2 / in;
        double[] y = new double[tokens * 2 * out];
        for (int h = 0; h < 2; h++) {
            double[] matrix = head(w, h, 4, 6, 1, 3);
            double[] used = transposed ? transposed(matrix, 6) : matrix;
            for (int n = 0; n < tokens; n++) {
                int at = (n * 2 + h) * in;
                System.arraycopy(product(Arrays.copyOfRange(x, at, at + in), used, in), 0, y, (n * 2 + h) * out, out);
            }
        }
        return y;
    }

    static Stream<String> kernels() {
        return Stream.of("scalar", "vector", "emitted")
                .filter(set -> !set.equals("emitted") || EmittedKernels.obstacle().isEmpty());
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("cases")
    void valuesAndGradientsMatchTheSum(Object caseOf, String kernels) {
        GradientCheck.check((Case) caseOf, kernels);
    }

    /// Bases `[ROWS, COLS]` of all kinds.
    private static Map<String, Weight> bases(Arena arena, long seed) {
        Map<String, Weight> bases = new LinkedHashMap<>();
        for (DType type : List.of(DType.F32, DType.F16, DType.BF16, DType.Q4_0, DType.Q8_0, DType.Q4_K, DType.Q6_K)) {
            bases.put(type.name(), new Weight.Stored(Fixtures.random(arena, type, ROWS, COLS, seed)));
        }
        bases.put("deferred", new Weight.Deferred(DType.BF16, ROWS, COLS, Fixtures.random(arena, DType.BF16, 1, 1, 1),
                new Weight.Deferred.Maker() {
                    @Override
                    public Tensor make() {
                        return rebuild(arena);
                    }

                    @Override
                    public Tensor rebuild(Arena to) {
                        return Fixtures.random(to, DType.BF16, ROWS, COLS, seed);
                    }
                }));
        bases.put("FP8", new Weight.Quantized(quantized(arena, Code.E4M3, DType.F32, seed, false)));
        bases.put("4 bits", new Weight.Quantized(quantized(arena, Code.OFFSET4, DType.F16, seed, false)));
        bases.put("4 bits in activation order", new Weight.Quantized(quantized(
                arena, Code.OFFSET4, DType.F16, seed, true)));
        return bases;
    }

    private static QuantizedMatrix quantized(Arena arena, Code code, DType scaleType, long seed, boolean actOrder) {
        Random random = new Random(seed);
        Tensor codes = Tensor.allocate(arena, DType.U8, ROWS, code.rowBytes(COLS));
        for (long i = 0; i < codes.size(); i++) {
            codes.memory().set(java.lang.foreign.ValueLayout.JAVA_BYTE, i,
                    (byte) (random.nextInt(0x40) | random.nextInt(2) << 7));
        }
        Grouping.Blocks blocks = new Grouping.Blocks(1, 32);
        Tensor scales = Fixtures.random(arena, scaleType, ROWS, COLS / 32, seed);
        Parts parts = new Parts(code, codes, scales, Optional.empty(), 1);
        int[] order = IntStream.range(0, COLS).map(k -> (k * 37 + 5) % COLS).toArray();
        return actOrder ? new QuantizedMatrix("test", ROWS, order, blocks, 0, () -> parts)
                : new QuantizedMatrix("test", ROWS, COLS, blocks, 0, () -> parts);
    }

    private static LowRank random(Arena arena, Weight base, long seed) {
        Random random = new Random(seed);
        return adapted(base,
                new Weight.Stored(GradientCheck.random(arena, DType.F32, random, RANK, base.cols())),
                new Weight.Stored(GradientCheck.random(arena, DType.F32, random, base.rows(), RANK)));
    }

    private static void assertClose(Tensor expected, Tensor found, double tolerance, String what) {
        double[] e = GradientCheck.toDoubles(expected);
        double[] f = GradientCheck.toDoubles(found);
        double largest = Arrays.stream(e).map(Math::abs).max().orElse(0);
        assertTrue(largest > 0, what);
        for (int i = 0; i < e.length; i++) {
            assertEquals(e[i], f[i], tolerance * largest, what + ", number " + i);
        }
    }

    /// `dB = s · dW · Aᵀ` and `dA = s · Bᵀ · dW` of the dense gradient.
    private static void assertProjected(Arena arena, Gradients gradients, LowRank w, Tensor dense, String what) {
        double[] d = GradientCheck.toDoubles(dense);
        double[] a = GradientCheck.toDoubles(w.a().tensor());
        double[] b = GradientCheck.toDoubles(w.b().tensor());
        double[] db = product(d, a, w.cols());
        double[] da = transposed(product(transposed(d, w.cols()), transposed(b, w.rank()), w.rows()), w.rank());
        assertClose(scaled(arena, db), gradients.of(w.b()), 1e-4, what + ", B");
        assertClose(scaled(arena, da), gradients.of(w.a()), 1e-4, what + ", A");
    }

    private static Tensor scaled(Arena arena, double[] numbers) {
        float[] floats = new float[numbers.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) (SCALE * numbers[i]);
        }
        return Tensor.of(arena, floats, 1, floats.length);
    }

    private static Tensor learn(Recorder ops, Weight table, Weight[] ws, Weight head) {
        Tensor x = GradientCheck.rows(ops, table);
        Tensor[] ys = ops.linear(x, ws);
        Tensor y = ops.linear(ops.activate(ops.residual(ys[0], ys[1], 1), Activation.SILU), head);
        for (long i = 0; i < y.size(); i++) {
            ops.gradient(y).set(i, (float) Math.sin(i));
        }
        return y;
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void allKindsOfBasesComputeAndLearnAsTheirSums(String set) {
        try (Workers workers = new Workers(2); Arena arena = Arena.ofShared()) {
            Kernels kernels = KernelBackends.choose(set, workers).kernels();
            Map<String, Weight> others = bases(arena, 8);
            bases(arena, 7).forEach((kind, base) -> {
                for (int tokens : new int[] {1, 5, 64}) {
                    Weight table = new Weight.Stored(Fixtures.random(arena, DType.F32, tokens, COLS, tokens));
                    Weight head = new Weight.Stored(Fixtures.random(arena, DType.F32, 7, ROWS, 2));
                    LowRank one = random(arena, base, 1);
                    LowRank other = random(arena, others.get(kind), 2);
                    Weight[] sums = {new Weight.Stored(one.toF32(arena)), new Weight.Stored(other.toF32(arena))};
                    try (Gradients dense = new Gradients(); Gradients low = new Gradients();
                            Recorder denseOps = new Recorder(kernels, dense);
                            Recorder lowOps = new Recorder(kernels, low, w -> w == table || w == one.a()
                                    || w == one.b() || w == other.a() || w == other.b())) {
                        String what = kind + ", " + tokens + " tokens";
                        assertClose(learn(denseOps, table, sums, head),
                                learn(lowOps, table, new Weight[] {one, other}, head), 1e-4, what);
                        denseOps.backward();
                        lowOps.backward();
                        assertClose(dense.of(table), low.of(table), 1e-4, what + ", input");
                        assertProjected(arena, low, one, dense.of(sums[0]), what);
                        assertProjected(arena, low, other, dense.of(sums[1]), what);
                        assertTrue(low.find(base).isEmpty(), "a frozen base has no gradient");
                    }
                }
            });
        }
    }

    /// In the precisions for inference an adapter's product is added to that of its base.
    @ParameterizedTest
    @MethodSource("kernels")
    void fastProductsAreThoseOfTheBaseAndTheAdapter(String set) {
        try (Workers workers = new Workers(2); Arena arena = Arena.ofShared()) {
            Kernels kernels = KernelBackends.choose(set, workers).kernels();
            bases(arena, 7).forEach((kind, base) -> {
                for (Precision precision : Precision.values()) {
                    LowRank w = random(arena, base, 1);
                    Tensor x = Fixtures.random(arena, DType.F32, 3, COLS, 5);
                    try (Compute ops = new Compute(kernels, precision)) {
                        Tensor y = ops.linear(x, base);
                        kernels.add(y, y, ops.linear(ops.linear(x, w.a()), w.b()), SCALE);
                        String what = kind + " " + precision;
                        assertClose(y, ops.linear(x, w), 1e-6, what);
                        Tensor[] both = ops.linear(x, new Weight[] {w, base});
                        // Grouped GEMM does not round plain weights.
                        assertClose(y, both[0], precision == Precision.HALF ? 1e-2 : 1e-6, what);
                        assertClose(ops.linear(x, base), both[1], 1e-6, what);
                    }
                }
            });
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void expertsLearnAsTheirSums(String set) {
        try (Workers workers = new Workers(2); Arena arena = Arena.ofShared()) {
            Kernels kernels = KernelBackends.choose(set, workers).kernels();
            Random random = new Random(4);
            for (int tokens : new int[] {1, 6}) {
                Weight table = new Weight.Stored(GradientCheck.random(arena, DType.F32, random, tokens, 6));
                Weight logits = new Weight.Stored(GradientCheck.random(arena, DType.F32, random, tokens, 4));
                List<List<Weight>> low = new ArrayList<>();
                List<List<Weight>> sums = new ArrayList<>();
                for (long[] shape : new long[][] {{5, 6}, {5, 6}, {6, 5}}) {
                    List<Weight> some = new ArrayList<>();
                    for (int e = 0; e < 4; e++) {
                        Weight w = new Weight.Stored(GradientCheck.random(arena, DType.F32, random, shape));
                        // One expert has no adapter.
                        some.add(e == 2 ? w : random(arena, w, e));
                    }
                    low.add(some);
                    sums.add(some.stream().<Weight>map(w -> new Weight.Stored(w.toF32(arena))).toList());
                }
                try (Gradients dense = new Gradients(); Gradients gradients = new Gradients();
                        Recorder denseOps = new Recorder(kernels, dense);
                        Recorder lowOps = new Recorder(kernels, gradients)) {
                    assertClose(experts(denseOps, table, logits, sums), experts(lowOps, table, logits, low), 1e-5, set);
                    denseOps.backward();
                    lowOps.backward();
                    assertClose(dense.of(table), gradients.of(table), 1e-4, "input");
                    for (int map = 0; map < 3; map++) {
                        for (int e = 0; e < 4; e++) {
                            Tensor d = dense.of(sums.get(map).get(e));
                            if (low.get(map).get(e) instanceof LowRank w && isNotZero(d)) {
                                assertProjected(arena, gradients, w, d, "map " + map + " of expert " + e);
                                assertClose(d, gradients.of(w.base()), 1e-4, "base");
                            }
                        }
                    }
                }
            }
        }
    }

    private static boolean isNotZero(Tensor t) {
        return Arrays.stream(GradientCheck.toDoubles(t)).anyMatch(d -> d != 0);
    }

    private static Tensor experts(Recorder ops, Weight table, Weight logits, List<List<Weight>> maps) {
        Tensor x = GradientCheck.rows(ops, table);
        Routing routing = new Routing(GradientCheck.rows(ops, logits),
                Router.plain(2, Score.LOGIT, Share.SOFTMAX), Optional.empty());
        Tensor shares = ops.apply(routing);
        Tensor y = ops.apply(new ExpertMlp(x, shares, routing, new ExpertMlp.Experts(
                new MlpForm.Gated(Activation.SILU), new ExpertLinear(maps.get(0), List.of()),
                new ExpertLinear(maps.get(1), List.of()), new ExpertLinear(maps.get(2), List.of())),
                ExpertMlp.Weighting.OUTPUT));
        for (long i = 0; i < y.size(); i++) {
            ops.gradient(y).set(i, (float) Math.cos(i));
        }
        return y;
    }

    /// As in PEFT, the row of a padding token in B gets no gradient; A learns from its lookups too.
    @Test
    void frozenRowsLearnNothing() {
        try (Workers workers = new Workers(1); Arena arena = Arena.ofShared()) {
            Kernels kernels = KernelBackends.choose("scalar", workers).kernels();
            LowRank w = random(arena, new Weight.Stored(Fixtures.random(arena, DType.F32, 6, 5, 1)), 1);
            Weight sum = new Weight.Stored(w.toF32(arena));
            try (Gradients all = new Gradients(); Gradients low = new Gradients();
                    Gradients unfrozen = new Gradients()) {
                embed(kernels, all, sum, -1);
                embed(kernels, unfrozen, w, -1);
                embed(kernels, low, w, 1);
                assertProjected(arena, unfrozen, w, all.of(sum), "embedding");
                assertClose(unfrozen.of(w.a()), low.of(w.a()), 1e-6, "A");
                Tensor db = unfrozen.of(w.b());
                assertTrue(isNotZero(db.rows(1, 2)));
                db.rows(1, 2).zero();
                assertClose(db, low.of(w.b()), 1e-6, "B");
            }
        }
    }

    private static void embed(Kernels kernels, Gradients gradients, Weight table, int frozenRow) {
        try (Recorder ops = new Recorder(kernels, gradients)) {
            Tensor y = ops.embed(table, new int[] {1, 4, 1, 0}, 4, frozenRow);
            for (long i = 0; i < y.size(); i++) {
                ops.gradient(y).set(i, i + 1);
            }
            ops.backward();
        }
    }
}
