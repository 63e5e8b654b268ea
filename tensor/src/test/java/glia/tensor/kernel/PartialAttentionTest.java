package glia.tensor.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/// Attention to parts of a context, merged in any order, is attention to the whole.
class PartialAttentionTest {
    private static final int HEADS = 4;
    private static final int SIZE = 8;
    private static final int TOKENS = 500;
    private static final int KEYS = 30;
    private static final AttentionShape SHAPE = new AttentionShape(HEADS, 2, SIZE, SIZE, 0.3f,
            new Span.Bidirectional());

    private record Result(Tensor out, Tensor lse) { }

    private static Result attend(Arena arena, Kernels kernels, Tensor q, Tensor keys, Tensor values) {
        Result result = new Result(Tensor.allocate(arena, DType.F32, TOKENS, HEADS * SIZE),
                Tensor.allocate(arena, DType.F32, TOKENS, HEADS));
        kernels.attention(result.out, result.lse, q, new KeyValues[] {KeyValues.of(keys, values)},
                new Runs().add(TOKENS, 0), SHAPE);
        return result;
    }

    @Test
    void mergedPartsAreTheWhole() {
        try (Workers workers = new Workers(3); Arena arena = Arena.ofShared()) {
            Kernels kernels = new ScalarKernels(workers);
            Tensor q = Fixtures.random(arena, DType.F32, TOKENS, HEADS * SIZE, 1);
            Tensor keys = Fixtures.random(arena, DType.F32, KEYS, 2 * SIZE, 2);
            Tensor values = Fixtures.random(arena, DType.F32, KEYS, 2 * SIZE, 3);
            Result whole = attend(arena, kernels, q, keys, values);
            int[][] parts = {{11, 30}, {0, 4}, {4, 11}};
            Result merged = new Result(Tensor.allocate(arena, DType.F32, TOKENS, HEADS * SIZE),
                    Tensor.allocate(arena, DType.F32, TOKENS, HEADS));
            merged.out.memory().fill((byte) 0xff);
            Result unseen = attend(arena, kernels, q, keys, values);
            for (long i = 0; i < merged.lse.size(); i++) {
                merged.lse.set(i, Float.NEGATIVE_INFINITY);
                unseen.lse.set(i, Float.NEGATIVE_INFINITY);
            }
            PartialAttention merging = new PartialAttention(workers);
            for (int[] part : parts) {
                Result next = attend(arena, kernels, q, keys.rows(part[0], part[1]), values.rows(part[0], part[1]));
                merging.merge(merged.out, merged.lse, next.out, next.lse);
                merging.merge(merged.out, merged.lse, unseen.out, unseen.lse);
            }
            assertArrayEquals(whole.out.toArray(), merged.out.toArray(), 2e-6f);
            assertArrayEquals(whole.lse.toArray(), merged.lse.toArray(), 2e-6f);
            assertThrows(IllegalArgumentException.class,
                    () -> merging.merge(merged.out, merged.lse, keys, unseen.lse));
        }
    }
}
