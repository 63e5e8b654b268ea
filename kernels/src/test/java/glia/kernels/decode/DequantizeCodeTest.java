package glia.kernels.decode;

import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.kernels.code.IsaLevelTest;
import glia.kernels.decode.RowDecoder.RowDequantizer;
import glia.kernels.emitted.Guarded;
import glia.tensor.DType;
import glia.tensor.QuantizedMatrix.Code;
import glia.tensor.QuantizedMatrix.Grouping;
import glia.tensor.QuantizedMatrix.Parts;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import glia.tensor.format.Fixtures;
import glia.tensor.format.MatrixReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Dequantized rows have the bits of the definition for every code, and nothing beside them is accessed.
class DequantizeCodeTest extends IsaLevelTest {
    private static final Random SIDES = new Random(3);

    private static QuantizedMatrix matrix(Arena arena, Code code, int cols, int group) {
        int bytes = code.rowBytes(cols);
        MemorySegment codes = Guarded.either(arena, SIDES, 2L * bytes);
        for (int i = 0; i < 2 * bytes; i++) {
            codes.set(ValueLayout.JAVA_BYTE, i, (byte) (i < bytes ? i : 255 - i));
        }
        int groups = Math.ceilDiv(cols, group);
        Tensor scales = Fixtures.random(arena, DType.BF16, 2, groups, 1);
        Tensor zeros = Fixtures.random(arena, DType.Q8_0, 2, 32 * groups, 1);
        Tensor whole = Tensor.of(DType.I8, zeros.memory().asSlice(0, 2L * groups), 2, groups);
        return new QuantizedMatrix("test", 2, cols, new Grouping.Blocks(1, group), 0,
                () -> new Parts(code, Tensor.of(DType.U8, codes, 2, bytes), scales, Optional.of(whole), 3));
    }

    @Test
    void hasTheBitsOfTheDefinition() {
        for (Code code : Code.values()) {
            for (int group : new int[] {16, 32, 48, 128, 600}) {
                for (int cols : new int[] {1, 31, 64, 512, 515}) {
                    try (Arena arena = Arena.ofConfined()) {
                        QuantizedMatrix w = matrix(arena, code, cols, group);
                        for (int[] part : new int[][] {{0, cols}, {cols / 4 * 2, cols / 2}, {0, 0}}) {
                            float[] expected = new float[part[1]];
                            new MatrixReader().read(w, 1, part[0], part[1], expected);
                            Tensor found = Tensor.of(DType.F32, Guarded.either(arena, SIDES, 4L * part[1]), part[1]);
                            new RowDequantizer(level).decode(w, 1, part[0], part[1], found.address());
                            Fixtures.assertSameBits(expected, found.toArray());
                        }
                    }
                }
            }
        }
    }

    @Test
    void rejectsRangesOutOfBounds() {
        try (Arena arena = Arena.ofConfined()) {
            QuantizedMatrix w = matrix(arena, Code.U8, 64, 32);
            long to = arena.allocate(1024, 64).address();
            for (int[] part : new int[][] {{2, 0, 1}, {-1, 0, 1}, {0, 1, 64}, {0, -1, 2}, {0, 65, 0}}) {
                assertThrows(IndexOutOfBoundsException.class,
                        () -> new RowDequantizer(level).decode(w, part[0], part[1], part[2], to));
            }
        }
    }
}
