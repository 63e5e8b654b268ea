package glia.tensor.kernel.emitted;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// The F32 products equal loops over their definitions, and touch nothing beside their operands: all of these lie at
/// the edge of memory that must not be touched.
class FloatCodeTest extends LevelTest {
    private final Random random = new Random(1);

    private MemorySegment numbers(Arena arena, long count) {
        MemorySegment memory = random.nextBoolean()
                ? Guarded.atEnd(arena, 4 * count) : Guarded.atStart(arena, 4 * count);
        for (long i = 0; i < count; i++) {
            memory.set(Memory.F32, 4 * i, (float) random.nextGaussian());
        }
        return memory;
    }

    private static float at(MemorySegment memory, long i) {
        return memory.get(Memory.F32, 4 * i);
    }

    @Test
    void tilesMultiply() {
        for (int rows = 1; rows <= TileCode.rows(level); rows++) {
            for (int depth : new int[] {1, 2, 5, 64, 256}) {
                checkTile(rows, depth, true);
                checkTile(rows, depth, false);
            }
        }
    }

    private void checkTile(int rows, int depth, boolean turned) {
        try (Arena arena = Arena.ofConfined()) {
            int gap = random.nextInt(3);
            int row = turned ? 1 : depth + gap;
            int step = turned ? rows + gap : 1;
            long size = (rows - 1L) * row + (depth - 1L) * step + 1;
            MemorySegment a = numbers(arena, size);
            int cols = TileCode.cols(level);
            MemorySegment b = numbers(arena, (long) cols * depth);
            int width = cols + random.nextInt(5);
            MemorySegment c = numbers(arena, (rows - 1L) * width + cols);
            float[] before = c.toArray(Memory.F32);
            TileCode.of(level).multiply(rows, c.address(), 4L * width, a.address(), 4L * row, 4L * step, b.address(),
                    depth);
            for (int i = 0; i < before.length; i++) {
                int t = i / width;
                int n = i % width;
                double sum = before[i];
                for (int k = 0; k < depth && n < cols; k++) {
                    sum += (double) at(a, (long) t * row + (long) k * step) * at(b, (long) cols * k + n);
                }
                assertEquals(sum, at(c, i), 1e-5 * depth, rows + " rows, depth " + depth + ", number " + i);
            }
        }
    }

    @Test
    void dotsOfRows() {
        for (int rows = 1; rows <= DotsCode.rows(level); rows++) {
            for (int count : new int[] {1, 2, 7, 8, 9, 15, 16, 17, 31, 64, 100}) {
                try (Arena arena = Arena.ofConfined()) {
                    int width = count + random.nextInt(3);
                    MemorySegment w = numbers(arena, (rows - 1L) * width + count);
                    MemorySegment x = numbers(arena, count);
                    MemorySegment y = numbers(arena, rows);
                    MemorySegment scale = numbers(arena, 1);
                    DotsCode.of(level).dots(rows, y.address(), w.address(), 4L * width, x.address(), count,
                            scale.address());
                    for (int r = 0; r < rows; r++) {
                        double sum = 0;
                        for (int k = 0; k < count; k++) {
                            sum += (double) at(w, (long) r * width + k) * at(x, k);
                        }
                        assertEquals(at(scale, 0) * sum, at(y, r), 1e-5 * count, rows + " rows of " + count);
                    }
                }
            }
        }
    }

    @Test
    void weightedSums() {
        for (int size : new int[] {1, 3, 8, 9, 16, 17, 63, 64, 65, 96, 127, 128, 129, 256, 300}) {
            for (int count : new int[] {1, 2, 7, 64}) {
                try (Arena arena = Arena.ofConfined()) {
                    int width = size + random.nextInt(3);
                    MemorySegment rows = numbers(arena, (count - 1L) * width + size);
                    MemorySegment weights = numbers(arena, count);
                    MemorySegment sums = numbers(arena, size);
                    float[] before = sums.toArray(Memory.F32);
                    MemorySegment parameters = Guarded.atEnd(arena, WeightedSumCode.PARAMETER_BYTES);
                    WeightedSumCode.of(level).sum(sums.address(), size, 0.75f, rows.address(), 4L * width,
                            weights.address(), count, parameters.address());
                    for (int i = 0; i < size; i++) {
                        double sum = 0.75 * before[i];
                        for (int j = 0; j < count; j++) {
                            sum += (double) at(weights, j) * at(rows, (long) j * width + i);
                        }
                        assertEquals(sum, at(sums, i), 1e-5 * count, count + " rows of " + size);
                    }
                }
            }
        }
    }

    @Test
    void turnedRows() {
        for (int rows = 1; rows <= TurnCode.rows(level); rows++) {
            for (int count : new int[] {1, 7, 8, 9, 15, 16, 17, 40, 256}) {
                try (Arena arena = Arena.ofConfined()) {
                    int width = count + random.nextInt(3);
                    MemorySegment from = numbers(arena, (rows - 1L) * width + count);
                    int lanes = level.lanes;
                    int cols = TileCode.cols(level);
                    int depth = Math.ceilDiv(count, lanes) * lanes;
                    MemorySegment panel = numbers(arena, (long) cols * (depth - 1) + lanes);
                    float[] before = panel.toArray(Memory.F32);
                    TurnCode.of(level).turn(rows, panel.address(), from.address(), 4L * width, count);
                    for (int i = 0; i < before.length; i++) {
                        int k = i / cols;
                        int r = i % cols;
                        float turned = r < rows && k < count ? at(from, (long) r * width + k) : 0;
                        float expected = r >= lanes ? before[i] : turned;
                        assertEquals(expected, at(panel, i), rows + " rows of " + count);
                    }
                }
            }
        }
    }

    @Test
    void notANumberPassesThrough() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment w = numbers(arena, 3 * 20);
            MemorySegment x = numbers(arena, 20);
            MemorySegment y = numbers(arena, 3);
            MemorySegment scale = numbers(arena, 1);
            w.set(Memory.F32, 4 * 38, Float.POSITIVE_INFINITY);
            w.set(Memory.F32, 4 * 41, Float.NaN);
            DotsCode.of(level).dots(3, y.address(), w.address(), 80, x.address(), 20, scale.address());
            assertTrue(Float.isFinite(at(y, 0)) && Float.isInfinite(at(y, 1)) && Float.isNaN(at(y, 2)));
        }
    }
}
