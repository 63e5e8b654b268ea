package glia.tensor.kernel.emitted;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PanelPackTest {
    @BeforeAll
    static void onlyWhereItRuns() {
        EmittedSubject.assumeItRuns();
    }

    @ParameterizedTest
    @EnumSource(PanelFormat.class)
    void writesWhatItsTwinWritesAndStaysInItsBuffers(PanelFormat format) {
        Random random = new Random(format.ordinal());
        try (Arena arena = Arena.ofConfined()) {
            Function pack = CodePages.seal(arena, List.of(PanelPack.emit(format))).function(0);
            for (int rows : new int[] {16, 1, 7, 16}) {
                for (int units : new int[] {1, 2, 5}) {
                    int cols = units * format.type.blockElements();
                    byte[] stored = new byte[rows * (int) format.type.bytes(cols)];
                    random.nextBytes(stored);
                    MemorySegment from = Guarded.atEnd(arena, stored.length).copyFrom(MemorySegment.ofArray(stored));
                    MemorySegment expected = arena.allocate(format.panelBytes(cols), 64);
                    Tensor w = Tensor.of(format.type, from, rows, cols);
                    new PanelPackTwin().pack(format, w, 0, expected.address());
                    long quants = (long) cols / 32 * format.blockBytes();
                    long used = quants + (long) units * format.scales.sizeBytes;
                    MemorySegment found = units % 2 == 0 ? Guarded.atStart(arena, used) : Guarded.atEnd(arena, used);
                    pack.call(from.address(), w.rowBytes(), units, found.address(), found.address() + quants, rows);
                    assertArrayEquals(expected.asSlice(0, used).toArray(ValueLayout.JAVA_BYTE),
                            found.toArray(ValueLayout.JAVA_BYTE), format + ", " + rows + " rows");
                }
            }
        }
    }
}
