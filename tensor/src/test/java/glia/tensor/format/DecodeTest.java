package glia.tensor.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Decoding compared with the reference implementations' results for the same bytes (`src/test/python/formats.py`).
class DecodeTest {
    static Stream<DType> realTypes() {
        return Arrays.stream(DType.values()).filter(DType::isReal);
    }

    static Stream<DType> storedTypes() {
        return realTypes().filter(t -> t != DType.F32);
    }

    @ParameterizedTest
    @MethodSource("storedTypes")
    void equalsTheReferenceBitForBit(DType type) {
        byte[] stored = Fixtures.bytes("decode/" + type + ".bin");
        float[] expected = Fixtures.floats("decode/" + type + ".f32");
        try (Arena arena = Arena.ofConfined()) {
            Tensor source = Fixtures.tensor(arena, type, stored);
            float[] found = new float[expected.length];
            Decode.toFloats(source, 0, found, 0, found.length);
            Fixtures.assertSameBits(expected, found);
            Fixtures.assertSameBits(expected, Decode.widen(source, arena).toArray());
        }
    }

    @ParameterizedTest
    @MethodSource("realTypes")
    void decodesAnyRangeOfBlocksLikeTheWhole(DType type) {
        int block = type.blockElements();
        try (Arena arena = Arena.ofConfined()) {
            Tensor source = Fixtures.random(arena, type, 3, 3 * block, 7);
            float[] whole = Decode.widen(source, arena).toArray();
            for (int from = 0; from <= 9; from++) {
                for (int to = from; to <= 9; to++) {
                    float[] part = new float[(to - from) * block + 2];
                    Decode.toFloats(source, (long) from * block, part, 1, (to - from) * block);
                    Fixtures.assertSameBits(Arrays.copyOfRange(whole, from * block, to * block),
                            Arrays.copyOfRange(part, 1, part.length - 1));
                    assertEquals(0, part[0]);
                    assertEquals(0, part[part.length - 1]);
                }
            }
            Tensor row = Tensor.allocate(arena, DType.F32, 1, 3 * block);
            Decode.rows(source, 1, 2, row);
            Fixtures.assertSameBits(Arrays.copyOfRange(whole, 3 * block, 6 * block), row.toArray());
        }
    }

    @Test
    void decodesMoreThanOneChunk() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor source = Fixtures.random(arena, DType.Q4_K, 3, 4096 + 512, 11);
            float[] expected = new float[(int) source.size()];
            Decode.toFloats(source, 0, expected, 0, expected.length);
            assertArrayEquals(expected, Decode.widen(source, arena).toArray());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"I64", "I32", "I16", "I8", "U8", "BOOL"})
    void rejectsTypesWithoutRealNumbers(DType type) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor source = Tensor.allocate(arena, type, 4);
            assertThrows(IllegalArgumentException.class, () -> Decode.widen(source, arena));
        }
    }

    @Test
    void rejectsRangesOutsideOrInsideBlocks() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor source = Tensor.allocate(arena, DType.Q8_0, 2, 64);
            float[] to = new float[128];
            assertThrows(IllegalArgumentException.class, () -> Decode.toFloats(source, 16, to, 0, 32));
            assertThrows(IllegalArgumentException.class, () -> Decode.toFloats(source, 0, to, 0, 31));
            assertThrows(IndexOutOfBoundsException.class, () -> Decode.toFloats(source, 96, to, 0, 64));
            assertThrows(IndexOutOfBoundsException.class, () -> Decode.toFloats(source, -32, to, 0, 32));
            assertThrows(IndexOutOfBoundsException.class, () -> Decode.toFloats(source, 0, to, 97, 32));
            Tensor small = Tensor.allocate(arena, DType.F32, 32);
            assertThrows(IllegalArgumentException.class, () -> Decode.rows(source, 0, 1, small));
        }
    }
}
