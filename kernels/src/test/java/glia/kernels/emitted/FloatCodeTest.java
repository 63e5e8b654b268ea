package glia.kernels.emitted;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.code.IsaLevelTest;
import glia.kernels.tiled.Prefetch;
import glia.kernels.tiled.Tiles;
import glia.kernels.tiles.DotsCode;
import glia.kernels.tiles.QueryRowCode;
import glia.kernels.tiles.TileCode;
import glia.kernels.tiles.TileCode.TileShape;
import glia.kernels.tiles.TransposeCode;
import glia.kernels.tiles.WeightedSumCode;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.format.Decode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// The F32 kernels equal loops over their definitions, and access nothing beside their operands, which lie next to
/// inaccessible pages.
class FloatCodeTest extends IsaLevelTest {
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
        for (TileShape shape : TileShape.values()) {
            for (int rows = 1; rows <= shape.rows(level); rows++) {
                for (int depth : new int[] {1, 2, 3, 4, 5, 7, 8, 64, 259}) {
                    checkTile(shape, rows, depth, true);
                    checkTile(shape, rows, depth, false);
                }
            }
        }
    }

    private void checkTile(TileShape shape, int rows, int depth, boolean transposed) {
        try (Arena arena = Arena.ofConfined()) {
            int gap = random.nextInt(3);
            int row = transposed ? 1 : depth + gap;
            int step = transposed ? rows + gap : 1;
            long size = (rows - 1L) * row + (depth - 1L) * step + 1;
            MemorySegment a = numbers(arena, size);
            int stride = shape.cols(level);
            int wanted = 1 + random.nextInt(stride);
            int cols = Math.ceilDiv(wanted, level.lanes) * level.lanes;
            MemorySegment b = numbers(arena, (long) stride * (depth - 1) + cols);
            int width = cols + random.nextInt(5);
            MemorySegment c = numbers(arena, (rows - 1L) * width + cols);
            float[] before = c.toArray(Memory.F32);
            boolean sets = random.nextBoolean();
            TileCode code = (shape == TileShape.TALL ? TileCode.TALL : TileCode.WIDE).of(level);
            if (sets) {
                code.set(rows, wanted, c.address(), 4L * width, a.address(), 4L * row, 4L * step, b.address(), depth);
            } else {
                code.multiply(rows, wanted, c.address(), 4L * width, a.address(), 4L * row, 4L * step, b.address(),
                        depth);
            }
            for (int i = 0; i < before.length; i++) {
                int t = i / width;
                int n = i % width;
                double sum = sets && n < cols ? 0 : before[i];
                for (int k = 0; k < depth && n < cols; k++) {
                    sum += (double) at(a, (long) t * row + (long) k * step) * at(b, (long) stride * k + n);
                }
                assertEquals(sum, at(c, i), 1e-5 * depth, rows + " rows, depth " + depth + ", number " + i);
            }
        }
    }

    @Test
    void dotsOfRows() {
        for (int rows = 1; rows <= DotsCode.rows(level); rows++) {
            for (int count : new int[] {1, 2, 7, 8, 9, 15, 16, 17, 31, 64, 100}) {
                for (int xs : new int[] {1, 2, 5}) {
                    dots(rows, count, xs);
                }
            }
        }
    }

    private void dots(int rows, int count, int xs) {
        try (Arena arena = Arena.ofConfined()) {
            int width = count + random.nextInt(3);
            int xWidth = count + random.nextInt(3);
            int yWidth = rows + random.nextInt(3);
            MemorySegment w = numbers(arena, (rows - 1L) * width + count);
            MemorySegment x = numbers(arena, (xs - 1L) * xWidth + count);
            MemorySegment y = numbers(arena, (xs - 1L) * yWidth + rows);
            float[] before = y.toArray(Memory.F32);
            MemorySegment parameters = Guarded.atEnd(arena, DotsCode.PARAMETER_BYTES);
            Prefetch ahead = new Prefetch();
            ahead.set(w.address(), 4L * width, rows, 4L * count);
            DotsCode code = DotsCode.CODES.of(level);
            code.prepare(parameters.address(), 0.75f, xs, 4L * xWidth, 4L * yWidth, count);
            code.dots(rows, y.address(), w.address(), 4L * width, x.address(), ahead, parameters.address());
            for (int i = 0; i < before.length; i++) {
                int r = i % yWidth;
                double sum = 0;
                for (int k = 0; k < count && r < rows; k++) {
                    sum += (double) at(w, (long) r * width + k) * at(x, i / yWidth * xWidth + k);
                }
                assertEquals(r < rows ? 0.75 * sum : before[i], at(y, i), 1e-5 * count, rows + " rows of " + count);
            }
        }
    }

    @Test
    void tilesAreDots() {
        for (DType type : new DType[] {DType.F32, DType.F16, DType.BF16}) {
            for (int count : new int[] {1, 7, 15, 16, 31, 32, 64, 100}) {
                if (DotsCode.of(level, type, count) != null) {
                    tiles(type, count, 1);
                    tiles(type, count, 3);
                }
            }
        }
    }

    /// The same bits, no access beside them, and no read of missing values.
    private void tiles(DType type, int count, int groups) {
        try (Arena arena = Arena.ofConfined()) {
            int xs = groups * DotsCode.tileVectors(level);
            int rows = DotsCode.TILE_ROWS;
            int xWidth = count + random.nextInt(3);
            int yWidth = rows + random.nextInt(3);
            MemorySegment numbers = numbers(arena, (long) rows * count);
            int bytes = (int) type.bytes(count);
            MemorySegment w = Guarded.atEnd(arena, (long) rows * bytes);
            for (int i = 0; i < rows * count; i++) {
                int bits = Float.floatToRawIntBits(at(numbers, i));
                switch (type) {
                    case F32 -> Memory.i32(w.address() + 4L * i, bits);
                    case F16 -> Memory.i16(w.address() + 2L * i, Float.floatToFloat16(at(numbers, i)));
                    default -> Memory.i16(w.address() + 2L * i, bits >> 16);
                }
            }
            MemorySegment x = numbers(arena, (xs - 1L) * xWidth + count);
            MemorySegment dots = numbers(arena, (xs - 1L) * yWidth + rows);
            MemorySegment tile = numbers(arena, (xs - 1L) * yWidth + rows).copyFrom(dots);
            MemorySegment parameters = Guarded.atEnd(arena, DotsCode.PARAMETER_BYTES);
            DotsCode code = DotsCode.of(level, type, count);
            code.prepare(parameters.address(), 0.75f, xs, 4L * xWidth, 4L * yWidth, count);
            code.dots(rows, dots.address(), w.address(), bytes, x.address(), new Prefetch(), parameters.address());
            code.prepare(parameters.address(), 0.75f, groups, 4L * xWidth, 4L * yWidth, count);
            code.tile(tile.address(), w.address(), bytes, x.address(), parameters.address());
            assertEquals(-1, dots.mismatch(tile), type + ", rows of " + count);
        }
    }

    @Test
    void dotsOfRowsOf16Bits() {
        for (DType type : new DType[] {DType.F16, DType.BF16}) {
            assertNull(DotsCode.of(level, type, level.lanes + 1), "numbers are left");
            for (int rows = 1; rows <= DotsCode.rows(level); rows++) {
                for (int vectors : new int[] {1, 2, 5}) {
                    for (int xs : new int[] {1, 3}) {
                        dots(type, rows, vectors * level.lanes, xs);
                    }
                }
            }
        }
    }

    /// Values of all kinds: subnormal, infinite and NaN.
    private void dots(DType type, int rows, int count, int xs) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bits = new byte[2 * rows * count];
            random.nextBytes(bits);
            MemorySegment memory = Guarded.atEnd(arena, bits.length).copyFrom(MemorySegment.ofArray(bits));
            float[] w = new float[rows * count];
            Decode.toFloats(type, memory.address(), w, 0, w.length);
            MemorySegment x = numbers(arena, (long) xs * count);
            MemorySegment y = numbers(arena, (long) xs * rows);
            MemorySegment parameters = Guarded.atEnd(arena, DotsCode.PARAMETER_BYTES);
            DotsCode code = DotsCode.of(level, type, count);
            code.prepare(parameters.address(), 1, xs, 4L * count, 4L * rows, count);
            code.dots(rows, y.address(), memory.address(), 2L * count, x.address(), new Prefetch(),
                    parameters.address());
            for (int i = 0; i < xs * rows; i++) {
                double sum = 0;
                double magnitude = 0;
                for (int k = 0; k < count; k++) {
                    double product = (double) w[i % rows * count + k] * at(x, (long) i / rows * count + k);
                    sum += product;
                    magnitude += Math.abs(product);
                }
                if (magnitude < Float.MAX_VALUE) {
                    assertEquals(sum, at(y, i), 1e-6 * magnitude, type + ", " + rows + " rows of " + count);
                } else if (!Double.isFinite(magnitude)) {
                    assertFalse(Float.isFinite(at(y, i)), type + ", " + rows + " rows of " + count);
                }
            }
        }
    }

    @Test
    void weightedSums() {
        for (int size : new int[] {1, 3, 8, 9, 16, 17, 63, 64, 65, 96, 127, 128, 129, 256, 300}) {
            for (int count : new int[] {1, 2, 7, 64}) {
                for (int heads : new int[] {1, 2, 3, 4, 7, 8}) {
                    weightedSum(size, count, heads);
                }
            }
        }
    }

    private void weightedSum(int size, int count, int heads) {
        try (Arena arena = Arena.ofConfined()) {
            int width = size + random.nextInt(3);
            int weightsWidth = count + random.nextInt(3);
            MemorySegment rows = numbers(arena, (count - 1L) * width + size);
            MemorySegment weights = numbers(arena, (heads - 1L) * weightsWidth + count);
            MemorySegment sums = numbers(arena, (long) heads * size);
            MemorySegment state = numbers(arena, heads * Tiles.STATE_BYTES / 4);
            float[] before = sums.toArray(Memory.F32);
            MemorySegment parameters = Guarded.atEnd(arena, WeightedSumCode.PARAMETER_BYTES);
            Prefetch ahead = new Prefetch();
            ahead.set(rows.address(), 4L * width, count, 4L * size);
            WeightedSumCode.sum(level, sums.address(), heads, size, state.address(), rows.address(), 4L * width,
                    weights.address(), 4L * weightsWidth, count, ahead, parameters.address());
            for (int i = 0; i < before.length; i++) {
                int h = i / size;
                double sum = at(state, (h * Tiles.STATE_BYTES + Tiles.DECAY) / 4) * (double) before[i];
                for (int j = 0; j < count; j++) {
                    sum += (double) at(weights, (long) h * weightsWidth + j) * at(rows, (long) j * width + i % size);
                }
                assertEquals(sum, at(sums, i), 1e-5 * count, count + " rows of " + size + ", " + heads + " heads");
            }
        }
    }

    @Test
    void weightsOfHeads() {
        for (int count : new int[] {1, 2, 7, 8, 9, 15, 16, 17, 63, 64}) {
            for (int heads : new int[] {1, 2, 5}) {
                weights(count, heads, false);
                weights(count, heads, true);
            }
        }
    }

    private void weights(int count, int heads, boolean inOrder) {
        try (Arena arena = Arena.ofConfined()) {
            int width = Math.ceilDiv(count, level.lanes) * level.lanes;
            MemorySegment scores = numbers(arena, (long) heads * width);
            MemorySegment state = numbers(arena, heads * Tiles.STATE_BYTES / 4);
            for (int i = 0; i < heads * width; i++) {
                scores.setAtIndex(Memory.F32, i, i % width < count ? 20 * at(scores, i) : Float.NaN);
            }
            float[] before = scores.toArray(Memory.F32);
            float[] stateBefore = state.toArray(Memory.F32);
            QueryRowCode.CODES.of(level).weights(scores.address(), 4L * width, heads, count, state.address(), inOrder);
            for (int h = 0; h < heads; h++) {
                float largest = stateBefore[3 * h];
                for (int j = 0; j < count; j++) {
                    largest = Math.max(largest, before[h * width + j]);
                }
                double decay = Math.exp((double) stateBefore[3 * h] - largest);
                double denominator = decay * stateBefore[3 * h + 1];
                for (int j = 0; j < width; j++) {
                    double weight = j < count ? Math.exp((double) before[h * width + j] - largest) : 0;
                    denominator += weight;
                    assertEquals(weight, at(scores, h * width + j), 2e-7, count + " scores, number " + j);
                }
                assertEquals(largest, at(state, 3 * h));
                assertEquals(denominator, at(state, 3 * h + 1), 1e-6 * count);
                float sum = 0;
                for (int j = 0; j < width && inOrder; j++) {
                    sum += at(scores, h * width + j);
                }
                float inTurn = Math.fma(at(state, 3 * h + 2), stateBefore[3 * h + 1], sum);
                assertTrue(!inOrder || inTurn == at(state, 3 * h + 1));
                assertEquals(decay, at(state, 3 * h + 2), 2e-7);
            }
        }
    }

    @Test
    void transposedRows() {
        for (int rows = 1; rows <= TransposeCode.rows(level); rows++) {
            for (int count : new int[] {1, 7, 8, 9, 15, 16, 17, 40, 256}) {
                try (Arena arena = Arena.ofConfined()) {
                    int width = count + random.nextInt(3);
                    MemorySegment from = numbers(arena, (rows - 1L) * width + count);
                    int lanes = level.lanes;
                    int vectors = 1 + random.nextInt(3);
                    int cols = vectors * lanes;
                    int depth = Math.ceilDiv(count, lanes) * lanes;
                    MemorySegment panel = numbers(arena, (long) cols * (depth - 1) + lanes);
                    float[] before = panel.toArray(Memory.F32);
                    TransposeCode.of(level, vectors).transpose(rows, panel.address(), from.address(), 4L * width,
                            count);
                    for (int i = 0; i < before.length; i++) {
                        int k = i / cols;
                        int r = i % cols;
                        float transposed = r < rows && k < count ? at(from, (long) r * width + k) : 0;
                        float expected = r >= lanes ? before[i] : transposed;
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
            MemorySegment parameters = Guarded.atEnd(arena, DotsCode.PARAMETER_BYTES);
            w.set(Memory.F32, 4 * 38, Float.POSITIVE_INFINITY);
            w.set(Memory.F32, 4 * 41, Float.NaN);
            DotsCode.CODES.of(level).prepare(parameters.address(), 1, 1, 80, 12, 20);
            DotsCode.CODES.of(level).dots(3, y.address(), w.address(), 80, x.address(), new Prefetch(),
                    parameters.address());
            assertTrue(Float.isFinite(at(y, 0)) && Float.isInfinite(at(y, 1)) && Float.isNaN(at(y, 2)));
        }
    }
}
