package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.attention.SparseAttention;
import glia.tensor.ops.attention.LightningIndexer;
import glia.tensor.ops.row.Gathers.CacheAppend;
import java.lang.foreign.Arena;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Ops that read keys from a KV cache with rounding: they give the results for rounded keys and values, in the pass
/// that stores them, too.
class RoundedStateTest {
    private static final Runs RUNS = new Runs().add(70, 0).add(3, 0);
    private static final int TOKENS = 73;

    /// Full sequences in pages of 8 positions of a type.
    private record Rounding(Arena arena, KeyValueType type) implements KeyValueState {
        @Override
        public KeyValues[] append(Tensor keys, Tensor values, Runs runs) {
            KeyValues[] all = new KeyValues[runs.count()];
            for (int run = 0; run < all.length; run++) {
                all[run] = new KeyValues(keys == values ? type.ofKeys() : type, 8, keys.cols(), values.cols());
                for (int row = runs.start(run); row < runs.end(run); row += 8) {
                    int end = Math.min(row + 8, runs.end(run));
                    all[run].addPage(page(keys.rows(row, end), type.ofKeys()),
                            page(values.rows(row, end), keys == values ? type.ofKeys() : type.ofValues()));
                }
                all[run].setLength(runs.end(run) - runs.start(run));
            }
            return all;
        }

        private long page(Tensor rows, KeyValueType stored) {
            long page = arena.allocate(8 * stored.rowBytes(rows.cols())).address();
            stored.store(rows.address(), rows.cols(), rows.rows(), page);
            return page;
        }

        /// The values of a matrix after they were stored.
        Tensor rounded(Tensor rows) {
            Tensor rounded = Tensor.allocate(arena, DType.F32, rows.shape());
            float[] row = new float[type.wholeBlocks(rows.cols())];
            for (int r = 0; r < rows.rows(); r++) {
                type.load(page(rows.rows(r, r + 1), type), 0, row.length, row);
                Memory.store(row, 0, rounded.address() + r * rounded.rowBytes(), rows.cols());
            }
            return rounded;
        }
    }

    static Stream<Object[]> typesAndKernels() {
        return Stream.of(KeyValueType.values()).filter(type -> type.ofValues() == type)
                .flatMap(type -> Stream.of("scalar", "vector", "auto").map(kernels -> new Object[] {type, kernels}));
    }

    private static Tensor random(Arena arena, int rows, int cols) {
        Random random = new Random(cols);
        Tensor t = Tensor.allocate(arena, DType.F32, rows, cols);
        for (long i = 0; i < t.size(); i++) {
            t.set(i, (float) random.nextGaussian());
        }
        return t;
    }

    /// @param result an op's result, given a state and a function that rounds its keys and values
    private static void check(KeyValueType type, String kernels,
            BiFunction<Compute, Rounding, float[]> found, BiFunction<Compute, Rounding, float[]> expected) {
        try (Workers workers = new Workers(2); Arena arena = Arena.ofShared();
                Compute ops = new Compute(KernelBackends.choose(kernels, workers).kernels(), Precision.EXACT)) {
            Rounding state = new Rounding(arena, type);
            assertArrayEquals(expected.apply(ops, state), found.apply(ops, state));
        }
    }

    private static AttendedPositions everyThird() {
        AttendedPositions lists = new AttendedPositions();
        for (int n = 0; n < TOKENS; n++) {
            int position = n < 70 ? n : n - 70;
            lists.add(position / 3 + 1);
            for (int i = 0; i <= position / 3; i++) {
                lists.set(n, i, position % 3 + 3 * i);
            }
        }
        return lists;
    }

    @ParameterizedTest
    @MethodSource("typesAndKernels")
    void listAttention(KeyValueType type, String kernels) {
        AttentionShape shape = new AttentionShape(4, 2, 20, 33, 0.4f, new Span.Causal());
        check(type, kernels, (ops, state) -> ops.apply(new SparseAttention(random(state.arena, TOKENS, 80),
                        random(state.arena, TOKENS, 40), random(state.arena, TOKENS, 66), state, RUNS, everyThird(),
                        shape)).toArray(),
                (ops, state) -> ops.apply(new SparseAttention(random(state.arena, TOKENS, 80),
                        state.rounded(random(state.arena, TOKENS, 40)), state.rounded(random(state.arena, TOKENS, 66)),
                        KeyValueState.NONE, RUNS, everyThird(), shape)).toArray());
    }

    @ParameterizedTest
    @MethodSource("typesAndKernels")
    void sparseAttentionToRowsThatAreKeysAndValues(KeyValueType type, String kernels) {
        AttentionShape shape = new AttentionShape(4, 1, 40, 36, 0.4f, new Span.Causal());
        check(type, kernels, (ops, state) -> {
            Tensor rows = random(state.arena, TOKENS, 40);
            return ops.apply(new SparseAttention(random(state.arena, TOKENS, 160), rows, rows, state, RUNS,
                    everyThird(), shape)).toArray();
        }, (ops, state) -> {
            Tensor rows = state.rounded(random(state.arena, TOKENS, 40));
            return ops.apply(new SparseAttention(random(state.arena, TOKENS, 160), rows, rows, KeyValueState.NONE, RUNS,
                    everyThird(), shape)).toArray();
        });
    }

    private static float[] topKeys(Compute ops, Arena arena, Tensor keys, KeyValueState state) {
        AttendedPositions lists = new AttendedPositions();
        ops.apply(new LightningIndexer(
                random(arena, TOKENS, 3 * keys.cols()), keys, random(arena, TOKENS, 3), state, RUNS, 5, lists));
        float[] chosen = new float[5 * TOKENS];
        for (int n = 0; n < TOKENS; n++) {
            for (int i = 0; i < lists.count(n); i++) {
                chosen[5 * n + i] = lists.get(n, i);
            }
        }
        return chosen;
    }

    @ParameterizedTest
    @MethodSource("typesAndKernels")
    void topKeys(KeyValueType type, String kernels) {
        for (int size : new int[] {32, 20}) {
            check(type, kernels, (ops, state) -> topKeys(ops, state.arena, random(state.arena, TOKENS, size), state),
                    (ops, state) -> topKeys(ops, state.arena, state.rounded(random(state.arena, TOKENS, size)),
                            KeyValueState.NONE));
        }
    }

    @ParameterizedTest
    @MethodSource("typesAndKernels")
    void appendedRowsAreAsTheyWillBeRead(KeyValueType type, String kernels) {
        check(type, kernels, (ops, state) -> {
            Tensor rows = random(state.arena, TOKENS, 40);
            Tensor read = ops.apply(new CacheAppend(rows, state, RUNS));
            if (type == KeyValueType.F32) {
                assertSame(rows, read);
            }
            assertEquals(TOKENS, read.rows());
            return read.toArray();
        }, (ops, state) -> state.rounded(random(state.arena, TOKENS, 40)).toArray());
    }
}
