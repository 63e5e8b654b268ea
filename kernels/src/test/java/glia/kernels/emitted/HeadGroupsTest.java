package glia.kernels.emitted;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.kernels.code.IsaLevelTest;
import glia.kernels.decode.RowDecoder;
import glia.kernels.tiled.Prefetch;
import glia.kernels.tiled.Tiles;
import glia.kernels.tiles.EmittedTiles;
import glia.tensor.Memory;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Scores and weighted sums of several groups of heads have the bits of one group after the other, and access nothing
/// beside their operands, which lie next to inaccessible pages.
class HeadGroupsTest extends IsaLevelTest {
    private static final int BLOCK = 64;
    private final Random random = new Random(4);

    private MemorySegment numbers(Arena arena, long count) {
        MemorySegment memory = Guarded.either(arena, random, 4 * count);
        for (long i = 0; i < count; i++) {
            memory.set(Memory.F32, 4 * i, (float) random.nextGaussian());
        }
        return memory;
    }

    private static MemorySegment copy(Arena arena, MemorySegment memory) {
        return arena.allocate(memory.byteSize(), 64).copyFrom(memory);
    }

    @Test
    void groupsAreComputedLikeSingleOnes() {
        for (int size : new int[] {5, 16, 24, 32, 48, 64, 128}) {
            for (int heads : new int[] {1, 2, 3, 8}) {
                for (int groups : new int[] {1, 2, 4, 7}) {
                    for (int count : new int[] {1, 15, 64}) {
                        check(groups, heads, size, count);
                    }
                }
            }
        }
    }

    private void check(int groups, int heads, int size, int count) {
        String what = groups + " groups of " + heads + " heads of " + size + ", " + count + " rows";
        try (Workers workers = new Workers(1); Arena arena = Arena.ofConfined()) {
            Tiles tiles = new EmittedTiles(workers, new RowDecoder(workers, level), level);
            int width = groups * size + random.nextInt(3);
            MemorySegment rows = numbers(arena, (count - 1L) * width + groups * size);
            MemorySegment queries = numbers(arena, (long) groups * heads * size);
            MemorySegment scores = numbers(arena, (long) groups * heads * BLOCK);
            MemorySegment sums = numbers(arena, (long) groups * heads * size);
            MemorySegment state = numbers(arena, groups * heads * Tiles.STATE_BYTES / 4L);
            MemorySegment weights = copy(arena, scores);
            MemorySegment otherScores = copy(arena, scores);
            MemorySegment otherSums = copy(arena, sums);
            long scratch = arena.allocate(BLOCK * tiles.panelBytes(), 64).address();
            Prefetch ahead = new Prefetch();
            ahead.set(rows.address(), 4L * width, count, 4L * groups * size);
            tiles.scores(groups, queries.address(), heads, size, rows.address(), 4L * width, count, 0.5f,
                    scores.address(), 4L * BLOCK, ahead, scratch);
            tiles.accumulate(groups, sums.address(), heads, size, state.address(), weights.address(), 4L * BLOCK,
                    rows.address(), 4L * width, count, ahead, scratch);
            for (int g = 0; g < groups; g++) {
                long first = 4L * g * heads;
                tiles.scores(queries.address() + first * size, heads, size, rows.address() + 4L * g * size, 4L * width,
                        count, 0.5f, otherScores.address() + first * BLOCK, 4L * BLOCK, ahead, scratch);
                tiles.accumulate(otherSums.address() + first * size, heads, size,
                        state.address() + (long) g * heads * Tiles.STATE_BYTES, weights.address() + first * BLOCK,
                        4L * BLOCK, rows.address() + 4L * g * size, 4L * width, count, ahead, scratch);
            }
            assertEquals(-1, scores.mismatch(otherScores), what);
            assertEquals(-1, sums.mismatch(otherSums), what);
        }
    }
}
