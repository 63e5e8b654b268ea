package glia.tensor.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KeyValueTypeTest {
    /// Stores and loads a row.
    private static float[] roundTrip(KeyValueType type, float... row) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor from = Tensor.allocate(arena, DType.F32, 1, row.length);
            Memory.store(row, 0, from.address(), row.length);
            long to = arena.allocate(type.rowBytes(row.length) + 1).address() + 1;
            type.store(from.address(), row.length, 1, to);
            float[] loaded = new float[type.wholeBlocks(row.length)];
            type.load(to, 0, loaded.length, loaded);
            for (int i = row.length; i < loaded.length; i++) {
                assertEquals(0, loaded[i], 0f, "what fills up a block");
            }
            return Arrays.copyOf(loaded, row.length);
        }
    }

    @Test
    void rowsTakeWholeBlocks() {
        assertEquals(4 * 17, KeyValueType.F32.rowBytes(17));
        assertEquals(2 * 17, KeyValueType.BF16.rowBytes(17));
        assertEquals(34, KeyValueType.INT8.rowBytes(1));
        assertEquals(34, KeyValueType.INT8.rowBytes(32));
        assertEquals(68, KeyValueType.INT8.rowBytes(33));
    }

    @Test
    void labelsNameTypes() {
        for (KeyValueType type : KeyValueType.values()) {
            assertEquals(Optional.of(type), KeyValueType.named(type.label().toUpperCase(java.util.Locale.ROOT)));
        }
        assertEquals(Optional.of(KeyValueType.INT8), KeyValueType.named("q8_0"));
        assertEquals(Optional.of(KeyValueType.INT8_Q4), KeyValueType.named("q8:q4_0"));
        assertEquals(Optional.of(KeyValueType.Q5), KeyValueType.named("q5:q5"));
        assertEquals(Optional.empty(), KeyValueType.named("f16"));
        assertEquals(Optional.empty(), KeyValueType.named("q4:q8"));
        assertEquals(Optional.empty(), KeyValueType.named("q8:q4:q4"));
    }

    @Test
    void f32KeepsEveryBit() {
        float[] row = {1.1f, -0f, Float.MIN_VALUE, Float.NaN, Float.NEGATIVE_INFINITY};
        assertArrayEquals(row, roundTrip(KeyValueType.F32, row));
    }

    @Test
    void bf16RoundsHalfToEven() {
        float step = 0x1p-7f;
        assertArrayEquals(new float[] {1, 1 + step, 1, 1 + 2 * step, -1, -1 - 2 * step, Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY, Float.NaN, -0f},
                roundTrip(KeyValueType.BF16, 1, 1 + step, 1 + step / 2, 1 + 1.5f * step, -1 - step / 2,
                        -1 - 1.5f * step, Float.MAX_VALUE, Float.NEGATIVE_INFINITY, Float.intBitsToFloat(0x7f800001),
                        -0f));
    }

    /// With 127 as the largest number the scale is 1.
    @Test
    void int8RoundsHalfToEven() {
        assertArrayEquals(new float[] {127, 0, 2, 2, -2, 0, -126, 100},
                roundTrip(KeyValueType.INT8, 127, 0.5f, 1.5f, 2.5f, -1.5f, -0.5f, -126.5f, 100.2f));
    }

    @Test
    void int8IsWithinHalfAStepOfEachBlock() {
        Random random = new Random(3);
        for (int cols : new int[] {1, 31, 32, 33, 64, 80, 207}) {
            float[] row = new float[cols];
            for (int i = 0; i < cols; i++) {
                // Blocks of very different sizes, with an outlier in some.
                row[i] = (float) (random.nextGaussian() * Math.pow(10, i / 32 - 3) * (i % 37 == 5 ? 50 : 1));
            }
            float[] found = roundTrip(KeyValueType.INT8, row);
            for (int block = 0; block < cols; block += 32) {
                float largest = 0;
                for (int i = block; i < Math.min(cols, block + 32); i++) {
                    largest = Math.max(largest, Math.abs(row[i]));
                }
                // Half a step, which is up to 2^-10 larger than a 127th, and the least F16 number if that is larger.
                double most = (largest / 127 * (1 + 0x1p-10) + 0x1p-24) / 2 * (1 + 1e-6);
                for (int i = block; i < Math.min(cols, block + 32); i++) {
                    assertEquals(row[i], found[i], most, "number " + i + " of " + cols);
                }
            }
        }
    }

    /// The bytes are those of the formats of weights.
    @Test
    void smallTypesAreThoseOfGgml() {
        Random random = new Random(4);
        for (KeyValueType type : new KeyValueType[] {KeyValueType.Q5, KeyValueType.Q4}) {
            float[] row = new float[96];
            for (int i = 0; i < row.length; i++) {
                row[i] = (float) random.nextGaussian() * (i % 31 == 3 ? 9 : 1);
            }
            Arrays.fill(row, 64, 96, 0);
            float[] expected = new float[96];
            try (Arena arena = Arena.ofConfined()) {
                long bytes = arena.allocate(type.rowBytes(96)).address();
                Encode.fromFloats(type.dtype(), row, 0, 96, bytes);
                Decode.toFloats(type.dtype(), bytes, expected, 0, 96);
            }
            assertArrayEquals(expected, roundTrip(type, row));
            assertEquals(row[0], roundTrip(type, row[0], 0)[0], Math.abs(row[0]) / 1000, "padding is 0");
            for (float bad : new float[] {Float.NaN, 1e9f, Float.POSITIVE_INFINITY}) {
                row[33] = bad;
                float[] found = roundTrip(type, row);
                assertTrue(Float.isNaN(found[32]) && !Float.isNaN(found[31]) && found[64] == 0, "beside " + bad);
            }
        }
    }

    @Test
    void int8HoldsZerosAndTinyNumbers() {
        assertArrayEquals(new float[40], roundTrip(KeyValueType.INT8, new float[40]));
        float[] tiny = roundTrip(KeyValueType.INT8, 1e-7f, -1e-30f, 3e-6f);
        assertEquals(3e-6f, tiny[2], 3e-6f);
        assertEquals(0, tiny[1], 0f);
    }

    @Test
    void int8BlocksWithValuesOutOfRangeBecomeNaN() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -1e30f, 9e6f}) {
            float[] row = new float[64];
            Arrays.fill(row, 1);
            row[7] = bad;
            float[] found = roundTrip(KeyValueType.INT8, row);
            for (int i = 0; i < 64; i++) {
                assertEquals(i < 32, Float.isNaN(found[i]), "number " + i + " beside " + bad);
            }
        }
        float large = roundTrip(KeyValueType.INT8, 8e6f)[0];
        assertTrue(Math.abs(large - 8e6f) < 8e6f / 1000, "8 million became " + large);
    }
}
