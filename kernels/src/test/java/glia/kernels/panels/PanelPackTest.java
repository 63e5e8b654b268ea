package glia.kernels.panels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.kernels.code.CodePages.Function;
import glia.kernels.code.CodePages;
import glia.kernels.emitted.EmittedKernelsUnderTest;
import glia.kernels.emitted.Guarded;
import glia.kernels.emitted.PanelReference;
import glia.kernels.panels.PackedWeights.PanelPacker;
import glia.tensor.Tensor;
import glia.tensor.format.CodebookBlocks;
import glia.tensor.format.Decode;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PanelPackTest {
    private static final Map<String, Integer> LAYOUTS = new TreeMap<>(Map.ofEntries(
            Map.entry("IQ1_M/1", 2017756991), Map.entry("IQ1_S/1", 1089292552), Map.entry("IQ2_S/1", 1221510728),
            Map.entry("IQ2_XS/1", -1942994350), Map.entry("IQ2_XXS/1", 1301068250), Map.entry("IQ3_S/1", 949706727),
            Map.entry("IQ3_XXS/1", 803045301), Map.entry("IQ4_NL/1", -1896246772), Map.entry("IQ4_XS/1", 691548867),
            Map.entry("NVFP4/1", -1059616718), Map.entry("Q1_0/1", 656965905), Map.entry("Q2_0/1", -1429401980),
            Map.entry("TQ1_0/1", -115376939), Map.entry("TQ2_0/1", -858601463), Map.entry("MXFP4/1", -1516459892),
            Map.entry("Q2_K/1", 724790476), Map.entry("Q3_K/1", 844409920),
            Map.entry("Q4_0/1", -230389434), Map.entry("Q4_1/1", -1566214663), Map.entry("Q4_K/1", -1048767284),
            Map.entry("Q5_0/1", 1944801164), Map.entry("Q5_1/1", -1327459360), Map.entry("Q5_K/1", 1518357375),
            Map.entry("Q6_K/1", -1962983610), Map.entry("Q8_0/1", -1868339268)));

    @BeforeAll
    static void onlyWhereItRuns() {
        EmittedKernelsUnderTest.assumeItRuns();
    }

    static List<PanelFormat> codebooks() {
        return Stream.of(PanelFormat.values()).filter(f -> CodebookBlocks.reads(f.type)).toList();
    }

    static List<PanelFormat> others() {
        return Stream.of(PanelFormat.values()).filter(f -> !CodebookBlocks.reads(f.type)).toList();
    }

    @ParameterizedTest
    @MethodSource("codebooks")
    void panelsHoldTheDecodedValuesAndPackingStaysInItsBuffers(PanelFormat format) {
        try (Arena arena = Arena.ofConfined()) {
            for (int rows : new int[] {16, 1, 7}) {
                for (int units : new int[] {1, 2, 5}) {
                    int cols = units * format.type.blockElements();
                    Tensor any = Fixtures.random(arena, format.type, rows, cols, units);
                    MemorySegment from = Guarded.atEnd(arena, any.sizeBytes()).copyFrom(any.memory());
                    long quants = (long) cols / 32 * format.blockBytes();
                    long used = quants + (long) cols / 32 / format.scales.blocks * format.scales.sizeBytes;
                    MemorySegment to = units % 2 == 0 ? Guarded.atStart(arena, used) : Guarded.atEnd(arena, used);
                    new PanelPacker().pack(format, from.address(), any.rowBytes(), units, to.address(),
                            to.address() + quants, rows);
                    for (int r = 0; r < 16; r++) {
                        float[] expected = r < rows ? Decode.widen(any.rows(r, r + 1), arena).toArray()
                                : new float[cols];
                        float[] found = PanelReference.weights(format, to.address(), r, cols);
                        for (int k = 0; k < cols; k++) {
                            assertEquals(expected[k], found[k], 0, format + ", row " + r + ", column " + k);
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("others")
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
