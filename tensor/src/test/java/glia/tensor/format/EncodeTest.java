package glia.tensor.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Encoding compared with the reference implementations' results for the same values (`src/test/python/formats.py`).
class EncodeTest {
    private static byte[] encode(Arena arena, DType type, float[] numbers) {
        Tensor source = Tensor.of(arena, numbers, numbers.length);
        return Encode.narrow(source, type, arena).memory().toArray(ValueLayout.JAVA_BYTE);
    }

    private static float[] decode(Arena arena, DType type, byte[] stored) {
        return Decode.widen(Fixtures.tensor(arena, type, stored), arena).toArray();
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "MXFP4"})
    void givesTheReferencesBytes(DType type) {
        float[] numbers = Fixtures.floats("encode/blocks32.f32");
        try (Arena arena = Arena.ofConfined()) {
            byte[] found = encode(arena, type, numbers);
            byte[] expected = Fixtures.bytes("encode/" + type + ".bin");
            for (int block = 0; block < numbers.length / 32; block++) {
                int from = block * type.blockBytes();
                assertArrayEquals(Arrays.copyOfRange(expected, from, from + type.blockBytes()),
                        Arrays.copyOfRange(found, from, from + type.blockBytes()), "block " + block);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"TQ2_0", "TQ1_0"})
    void ternaryBytesAreTheReferences(DType type) {
        float[] numbers = Fixtures.floats("encode/ternary.f32");
        try (Arena arena = Arena.ofConfined()) {
            assertArrayEquals(Fixtures.bytes("encode/" + type + ".bin"), encode(arena, type, numbers));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F8_E4M3", "F8_E5M2", "BF16", "F16"})
    void roundsHalfToEven(DType type) {
        float[] numbers = Fixtures.floats("encode/plain.f32");
        try (Arena arena = Arena.ofConfined()) {
            float[] expected = decode(arena, type, Fixtures.bytes("encode/" + type + ".bin"));
            float[] found = decode(arena, type, encode(arena, type, numbers));
            for (int i = 0; i < numbers.length; i++) {
                int at = i;
                assertEquals(Float.floatToIntBits(expected[i]), Float.floatToIntBits(found[i]), () -> numbers[at]
                        + " as " + type + ": " + expected[at] + " expected, " + found[at] + " found");
            }
        }
    }

    /// Against ggml's quantization with the same weights; the sum over the blocks is what a matrix has.
    @ParameterizedTest
    @EnumSource(names = {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS",
        "IQ3_S", "IQ3_XXS", "IQ2_S", "IQ2_XS", "IQ2_XXS"})
    void weightedErrorIsNoLargerThanTheReferences(DType type) {
        float[] numbers = Fixtures.floats("encode/blocks256.f32");
        float[] importance = Fixtures.floats("encode/importance.f32");
        try (Arena arena = Arena.ofConfined()) {
            float[] reference = decode(arena, type, Fixtures.bytes("encode/" + type + "-weighted.bin"));
            Tensor rows = Tensor.allocate(arena, type, numbers.length / 256, 256);
            for (int row = 0; row < rows.rows(); row++) {
                Encode.fromFloats(type, numbers, 256 * row, 256, Optional.of(importance),
                        rows.address() + row * rows.rowBytes());
            }
            float[] found = Decode.widen(rows, arena).toArray();
            float[] unweighted = decode(arena, type, encode(arena, type, numbers));
            for (int row = 0; row < rows.rows(); row++) {
                double expected = weightedError(numbers, reference, importance, row);
                double error = weightedError(numbers, found, importance, row);
                double without = weightedError(numbers, unweighted, importance, row);
                // The six bits of IQ4_XS's scales are rounded without weights.
                double most = type == DType.IQ4_XS ? 1.05 * without : without;
                assertTrue(error <= 1.03 * expected && error < most,
                        "row " + row + ": " + error + " against " + expected + ", unweighted " + without);
            }
        }
    }

    private static double weightedError(float[] numbers, float[] decoded, float[] importance, int row) {
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < 256; i++) {
            squares += (double) numbers[256 * row + i] * numbers[256 * row + i] / 256;
        }
        for (int i = 0; i < 256; i++) {
            double x = numbers[256 * row + i];
            sum += importance[i] * Math.sqrt(squares + x * x) * Math.pow(x - decoded[256 * row + i], 2);
        }
        return sum;
    }

    @ParameterizedTest
    @EnumSource(names = {"Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "IQ3_S", "IQ3_XXS"})
    void errsNoMoreThanTheReference(DType type) {
        float[] numbers = Fixtures.floats("encode/blocks256.f32");
        try (Arena arena = Arena.ofConfined()) {
            float[] reference = decode(arena, type, Fixtures.bytes("encode/" + type + ".bin"));
            float[] found = decode(arena, type, encode(arena, type, numbers));
            for (int block = 0; block < numbers.length; block += 256) {
                double expected = weightedError(type, numbers, reference, block);
                double error = weightedError(type, numbers, found, block);
                assertTrue(error <= 1.02 * expected, "block " + block + ": " + error + " against " + expected);
            }
        }
    }

    /// The error that ggml's search reduces, which counts large values more.
    private static double weightedError(DType type, float[] numbers, float[] decoded, int start) {
        double sum = 0;
        for (int group = start; group < start + 256; group += 32) {
            double squares = 0;
            for (int i = group; i < group + 32; i++) {
                squares += Math.pow(numbers[i], 2) / 32;
            }
            for (int i = group; i < group + 32; i++) {
                double difference = Math.abs((double) numbers[i] - decoded[i]);
                double size = Math.abs(numbers[i]);
                sum += switch (type) {
                    case Q2_K -> size * difference;
                    case Q3_K, Q6_K, IQ4_NL, IQ4_XS, IQ3_S, IQ3_XXS -> size * size * difference * difference;
                    default -> (Math.sqrt(squares) + size) * difference * difference;
                };
            }
        }
        return sum;
    }

    static Stream<DType> written() {
        return Arrays.stream(DType.values()).filter(Encode::writes);
    }

    /// Round trip: values decoded from a format are encoded to values just as near.
    @ParameterizedTest
    @MethodSource("written")
    void keepsWhatItHolds(DType type) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor stored = Fixtures.random(arena, type, 20, 256, 3);
            float[] numbers = Decode.widen(stored, arena).toArray();
            float[] again = Decode.widen(Encode.narrow(stored, type, arena), arena).toArray();
            for (int row = 0; row < 20; row++) {
                double largest = 0;
                double error = 0;
                for (int i = 256 * row; i < 256 * row + 256; i++) {
                    largest = Math.max(largest, Math.abs(numbers[i]));
                    error = Math.max(error, Math.abs(numbers[i] - again[i]));
                }
                double tolerance = switch (type) {
                    case F32, F16, BF16, F8_E4M3, F8_E5M2, MXFP4, TQ1_0 -> 0;
                    // Random bytes also hold code 3, which stands for 2.
                    case TQ2_0 -> 0.51;
                    case Q8_0 -> 0.57 / 127;
                    // There is one integer less on the side of the value of the largest magnitude.
                    case Q4_0 -> 1.01 / 8;
                    case Q5_0 -> 1.02 / 16;
                    case Q4_1 -> 0.51 / 7.5;
                    case Q5_1 -> 0.52 / 15.5;
                    // Of values in other orders than those of models no entry of the grid is near.
                    case IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S -> 1;
                    case Q2_K -> 0.4;
                    case Q3_K -> 0.3;
                    case Q4_K, IQ4_NL -> 0.1;
                    case IQ4_XS -> 0.12;
                    case Q5_K -> 0.06;
                    case Q6_K -> 0.02;
                    default -> throw new AssertionError(type);
                };
                assertTrue(error <= tolerance * largest, type + " row " + row + ": " + error + " of " + largest);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("written")
    void takesExtremes(DType type) {
        int block = 256;
        try (Arena arena = Arena.ofConfined()) {
            for (float value : new float[] {0, -0.0f, 1, -1, 1e-45f, -1e-30f, 300, -300}) {
                float[] numbers = new float[block];
                Arrays.fill(numbers, block / 2, block, value);
                float[] found = decode(arena, type, encode(arena, type, numbers));
                double step = type == DType.MXFP4 ? 0.2 : 0.07;
                for (int i = 0; i < block; i++) {
                    assertEquals(numbers[i], found[i], step * Math.abs(value) + 1e-7, type + " of " + value);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("written")
    void blockFormatsRejectNaNAndInfinity(DType type) {
        try (Arena arena = Arena.ofConfined()) {
            for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                float[] numbers = new float[256];
                numbers[100] = odd;
                if (type.isBlock()) {
                    String message = assertThrows(IllegalArgumentException.class, () -> encode(arena, type, numbers))
                            .getMessage();
                    assertTrue(message.contains("number 100"), message);
                } else {
                    assertTrue(!Float.isFinite(decode(arena, type, encode(arena, type, numbers))[100]));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void writesWhatItSays(DType type) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor source = Tensor.allocate(arena, DType.F32, 1, 256);
            if (Encode.writes(type)) {
                assertEquals(type, Encode.narrow(source, type, arena).dtype());
            } else {
                assertThrows(IllegalArgumentException.class, () -> Encode.narrow(source, type, arena));
            }
        }
    }

    @Test
    void rejectsRowsThatDoNotFillBlocks() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor source = Tensor.allocate(arena, DType.F32, 4, 24);
            assertThrows(IllegalArgumentException.class, () -> Encode.narrow(source, DType.Q8_0, arena));
            assertThrows(IllegalArgumentException.class,
                    () -> Encode.fromFloats(DType.Q8_0, new float[40], 0, 40, 0));
        }
    }

    @Test
    void encodesMoreThanOneChunk() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor source = Fixtures.random(arena, DType.F32, 3, 4096 + 512, 11);
            byte[] whole = Encode.narrow(source, DType.Q4_0, arena).memory().toArray(ValueLayout.JAVA_BYTE);
            byte[] last = Encode.narrow(source.rows(2, 3), DType.Q4_0, arena).memory().toArray(ValueLayout.JAVA_BYTE);
            assertArrayEquals(Arrays.copyOfRange(whole, whole.length / 3 * 2, whole.length), last);
        }
    }
}
