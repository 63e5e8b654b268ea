package glia.kernels.panels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.kernels.code.CodePages;
import glia.kernels.code.Function;
import glia.kernels.emitted.EmittedKernelsUnderTest;
import glia.kernels.emitted.Guarded;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PanelPackTest {
    private static final Map<String, Integer> LAYOUTS = new TreeMap<>(Map.ofEntries(
            Map.entry("MXFP4/1", -1516459892), Map.entry("Q2_K/1", 724790476), Map.entry("Q3_K/1", 844409920),
            Map.entry("Q4_0/1", -230389434), Map.entry("Q4_1/1", -1566214663), Map.entry("Q4_K/1", -1048767284),
            Map.entry("Q5_0/1", 1944801164), Map.entry("Q5_1/1", -1327459360), Map.entry("Q5_K/1", 1518357375),
            Map.entry("Q6_K/1", -1962983610), Map.entry("Q8_0/1", -1868339268)));

    @BeforeAll
    static void onlyWhereItRuns() {
        EmittedKernelsUnderTest.assumeItRuns();
    }

    @ParameterizedTest
    @EnumSource(PanelFormat.class)
    void equalsTheReferenceAndStaysInItsBuffers(PanelFormat format) {
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
                    new PanelPackReference().pack(format, w, 0, expected.address());
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

    /// Packed panels are kept from one run of the program to another. When you change the layout, increment
    /// `PanelFormat.LAYOUT` and update the checksum here.
    @Test
    void theLayoutMatchesItsVersion() {
        Map<String, Integer> found = new TreeMap<>();
        try (Arena arena = Arena.ofConfined()) {
            for (PanelFormat format : PanelFormat.values()) {
                int cols = 2 * Math.max(PanelFormat.BLOCK, format.type.blockElements());
                byte[] stored = new byte[20 * (int) format.type.bytes(cols)];
                new Random(format.name().hashCode()).nextBytes(stored);
                Tensor w = Tensor.of(format.type, arena.allocate(stored.length).copyFrom(MemorySegment.ofArray(stored)),
                        20, cols);
                try (Workers workers = new Workers(1)) {
                    CRC32 sum = new CRC32();
                    sum.update(new PackedWeights(workers).of(format, w).toArray(ValueLayout.JAVA_BYTE));
                    found.put(format.form(), (int) sum.getValue());
                }
            }
        }
        assertEquals(LAYOUTS, found);
    }
}
