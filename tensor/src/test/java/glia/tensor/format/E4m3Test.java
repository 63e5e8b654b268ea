package glia.tensor.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.tensor.DType;
import glia.tensor.format.Float8.E4m3;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class E4m3Test {
    /// All finite numbers from 0 up.
    private static float[] numbers() {
        float[] all = new float[127];
        for (int code = 0; code < 127; code++) {
            int exponent = code >> 3;
            int mantissa = code & 7;
            all[code] = (float) (exponent == 0 ? mantissa * Math.pow(2, -9)
                    : (8 + mantissa) * Math.pow(2, exponent - 10));
        }
        return all;
    }

    @Test
    void numbersAreFixedPoints() {
        for (float x : numbers()) {
            assertEquals(Float.floatToRawIntBits(x), Float.floatToRawIntBits(E4m3.round(x)));
            assertEquals(Float.floatToRawIntBits(-x), Float.floatToRawIntBits(E4m3.round(-x)));
        }
        assertEquals(E4m3.MAX, numbers()[126]);
    }

    @Test
    void betweenTwoNumbersTheNearestIsTakenAndTheEvenOneOfTwo() {
        float[] all = numbers();
        for (int i = 0; i + 1 < all.length; i++) {
            float middle = (all[i] + all[i + 1]) / 2;
            assertEquals(all[i + i % 2], E4m3.round(middle), "tie at " + middle);
            assertEquals(all[i], E4m3.round(Math.nextDown(middle)));
            assertEquals(all[i + 1], E4m3.round(Math.nextUp(middle)));
            assertEquals(-all[i], E4m3.round(-Math.nextDown(middle)));
        }
    }

    @Test
    void beyondTheLargestThereIsNoNumber() {
        assertEquals(448, E4m3.round(464));
        for (float x : new float[] {464.01f, 1e30f, Float.POSITIVE_INFINITY, Float.NaN}) {
            assertTrue(Float.isNaN(E4m3.round(x)) && Float.isNaN(E4m3.round(-x)), "" + x);
        }
    }

    @Test
    void itIsTheRoundingOfTheFormat() {
        Random random = new Random(2);
        float[] values = new float[4096];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * Math.pow(2, random.nextInt(26) - 17));
        }
        try (Arena arena = Arena.ofConfined()) {
            long address = arena.allocate(values.length).address();
            float[] expected = new float[values.length];
            Encode.fromFloats(DType.F8_E4M3, values, 0, values.length, address);
            Decode.toFloats(DType.F8_E4M3, address, expected, 0, values.length);
            float[] found = values.clone();
            for (int i = 0; i < found.length; i++) {
                found[i] = E4m3.round(found[i]);
            }
            assertEquals(Arrays.toString(expected), Arrays.toString(found));
        }
    }
}
