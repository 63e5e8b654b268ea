package glia.kernels.emitted;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.code.IsaLevelTest;
import glia.kernels.decode.RowDecoder;
import glia.kernels.tiled.HalfProducts;
import glia.kernels.tiles.EmittedPackingTiles.EmittedHalfTiles;
import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.kernel.PackedWeightStore;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Matrix multiplication with packed FP16 and BF16 weights compared with loops over the definition.
class HalfProductsTest extends IsaLevelTest {
    private final Random random = new Random(5);

    private HalfProducts products(Workers workers) {
        RowDecoder decoder = new RowDecoder(workers, level);
        return new HalfProducts(workers, new EmittedHalfTiles(workers, decoder, level, DType.F16),
                new EmittedHalfTiles(workers, decoder, level, DType.BF16));
    }

    /// Values of all sizes between 2^-20 and 8, some 0, some subnormal in F16.
    private Tensor weights(Arena arena, DType type, int rows, int cols) {
        MemorySegment memory = Guarded.either(arena, random, 2L * rows * cols);
        Tensor w = Tensor.of(type, memory, rows, cols);
        for (int i = 0; i < rows * cols; i++) {
            float x = Math.scalb(random.nextFloat() - 0.5f, 4 - random.nextInt(24));
            float number = random.nextInt(9) == 0 ? 0 : x;
            Memory.i16(w.address() + 2L * i, type == DType.F16 ? Float.floatToFloat16(number)
                    : Float.floatToRawIntBits(number) >>> 16);
        }
        return w;
    }

    private void check(HalfProducts products, Arena arena, Tensor w, int tokens) {
        int cols = w.cols();
        Tensor x = Tensor.of(DType.F32, Guarded.either(arena, random, 4L * tokens * cols), tokens, cols);
        for (long i = 0; i < x.size(); i++) {
            x.set(i, random.nextFloat() - 0.5f);
        }
        Tensor y = Tensor.of(DType.F32, Guarded.either(arena, random, 4L * tokens * w.rows()), tokens, w.rows());
        assertTrue(products.linear(y, x, w));
        float[] numbers = new float[w.rows() * cols];
        Decode.toFloats(w.dtype(), w.address(), numbers, 0, numbers.length);
        for (int n = 0; n < tokens; n++) {
            for (int r = 0; r < w.rows(); r++) {
                double sum = 0;
                double magnitude = 0;
                for (int k = 0; k < cols; k++) {
                    double product = (double) numbers[r * cols + k] * x.get((long) n * cols + k);
                    sum += product;
                    magnitude += Math.abs(product);
                }
                assertEquals(sum, y.get((long) n * w.rows() + r), 1e-6 * magnitude + 1e-30,
                        w + ", " + tokens + " tokens, " + n + ", " + r);
            }
        }
    }

    @Test
    void areThoseOfTheDefinition() {
        for (int threads : new int[] {1, 3}) {
            try (Workers workers = new Workers(threads)) {
                HalfProducts products = products(workers);
                for (DType type : new DType[] {DType.F16, DType.BF16}) {
                    for (int[] shape : new int[][] {{1, 2}, {5, 6}, {16, 64}, {31, 34}, {33, 130}, {70, 1026}}) {
                        try (Arena arena = Arena.ofShared()) {
                            Tensor w = weights(arena, type, shape[0], shape[1]);
                            for (int tokens : new int[] {1, 2, 5, 12, 13, 16, 50}) {
                                check(products, arena, w, tokens);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Panels from a store are used, and only under their own name and size.
    @Test
    void panelsAreCached() {
        Map<String, byte[]> kept = new HashMap<>();
        PackedWeightStore memory = new PackedWeightStore() {
            @Override
            public MemorySegment find(Matrix w, String form, long sizeBytes) {
                byte[] bytes = kept.get(form);
                return bytes == null ? null : Arena.ofAuto().allocate(sizeBytes, 64)
                        .copyFrom(MemorySegment.ofArray(bytes));
            }

            @Override
            public boolean offer(Matrix w, String form, MemorySegment panels) {
                assertFalse(kept.containsKey(form), form);
                kept.put(form, panels.toArray(ValueLayout.JAVA_BYTE));
                return true;
            }
        };
        try (Workers workers = new Workers(2); Arena arena = Arena.ofShared()) {
            for (DType type : new DType[] {DType.F16, DType.BF16}) {
                Tensor w = weights(arena, type, 40, 66);
                for (int times = 0; times < 2; times++) {
                    HalfProducts products = products(workers);
                    products.usePackedWeights(memory);
                    check(products, arena, w, 3);
                }
            }
        }
        assertEquals(2, kept.size());
    }

    @Test
    void nothingIsPackedWithoutMemory() {
        try (Workers workers = new Workers(1); Arena arena = Arena.ofShared()) {
            HalfProducts products = products(workers);
            products.usePackedWeights(new PackedWeightStore() {
                @Override
                public boolean hasRoom(long sizeBytes) {
                    return sizeBytes < 10_000;
                }
            });
            Tensor x = Tensor.allocate(arena, DType.F32, 2, 64);
            assertTrue(products.linear(Tensor.allocate(arena, DType.F32, 2, 32), x,
                    weights(arena, DType.F16, 32, 64)));
            assertFalse(products.linear(Tensor.allocate(arena, DType.F32, 2, 96), x,
                    weights(arena, DType.F16, 96, 64)));
        }
    }

    /// Only weights of files, since those of programs may change.
    @Test
    void supportsMappedFp16AndBf16Weights(@TempDir Path folder) throws Exception {
        Path file = Files.write(folder.resolve("w"), new byte[400]);
        try (Arena arena = Arena.ofShared(); FileChannel channel = FileChannel.open(file)) {
            MemorySegment memory = channel.map(FileChannel.MapMode.READ_ONLY, 0, 400, arena);
            assertTrue(HalfProducts.supports(Tensor.of(DType.F16, memory, 10, 20)));
            assertTrue(HalfProducts.supports(Tensor.of(DType.BF16, memory, 10, 20)));
            assertFalse(HalfProducts.supports(Tensor.of(DType.BF16, memory.asSlice(0, 42), 7, 3)), "odd");
            assertFalse(HalfProducts.supports(Tensor.of(DType.F32, memory, 10, 10)));
            assertFalse(HalfProducts.supports(Tensor.allocate(arena, DType.F16, 10, 20)));
            try (Workers workers = new Workers(2)) {
                EmittedKernels kernels = new EmittedKernels(workers, level);
                Tensor y = Tensor.allocate(arena, DType.F32, 2, 10);
                kernels.linear(y, Tensor.allocate(arena, DType.F32, 2, 20), Tensor.of(DType.F16, memory, 10, 20));
                assertArrayEquals(new float[20], y.memory().toArray(Memory.F32));
            }
        }
    }
}
