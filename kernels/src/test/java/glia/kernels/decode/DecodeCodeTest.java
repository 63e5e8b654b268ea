package glia.kernels.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.kernels.code.IsaLevelTest;
import glia.kernels.decode.RowDecoder.Gather;
import glia.kernels.emitted.Guarded;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Decoding has the bits of the formats' definitions for arbitrary bytes, and accesses nothing beside them.
class DecodeCodeTest extends IsaLevelTest {
    private final Random random = new Random(1);

    private MemorySegment memory(Arena arena, long sizeBytes) {
        return Guarded.either(arena, random, sizeBytes);
    }

    @Test
    void hasTheBitsOfTheDefinition() {
        int numTypes = 0;
        for (DType type : DType.values()) {
            if (DecodeCode.supports(type)) {
                numTypes++;
                for (int blocks : new int[] {0, 1, 2, 3, 15, 16, 17, 31, 33, 64, 65}) {
                    for (int round = 0; round < 5; round++) {
                        check(type, blocks);
                    }
                }
            }
        }
        assertEquals(10, numTypes);
    }

    private void check(DType type, int blocks) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] any = new byte[blocks * type.blockBytes()];
            random.nextBytes(any);
            MemorySegment stored = memory(arena, any.length);
            MemorySegment.copy(any, 0, stored, ValueLayout.JAVA_BYTE, 0, any.length);
            float[] expected = new float[blocks * type.blockElements()];
            Decode.toFloats(type, stored.address(), expected, 0, expected.length);
            Tensor found = Tensor.of(DType.F32, memory(arena, 4L * expected.length), expected.length);
            DecodeCode.CODES.of(level).decode(type, stored.address(), found.address(), expected.length);
            Fixtures.assertSameBits(expected, found.toArray());
        }
    }

    @Test
    void longRowsTakeSeveralCalls() {
        try (Arena arena = Arena.ofConfined(); Workers workers = new Workers(1)) {
            Tensor table = Fixtures.random(arena, DType.Q6_K, 2, 256 * 70, 1);
            Tensor found = Tensor.of(DType.F32, memory(arena, 4 * table.cols()), 1, table.cols());
            new Gather(workers, new RowDecoder(workers, level)).run(found, table, new int[] {1}, 1);
            Fixtures.assertSameBits(Decode.widen(table.rows(1, 2), arena).toArray(), found.toArray());
        }
    }
}
