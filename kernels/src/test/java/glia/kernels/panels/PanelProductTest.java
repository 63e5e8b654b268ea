package glia.kernels.panels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.kernels.code.CodePages;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.IsaLevelTest;
import glia.kernels.emitted.Guarded;
import glia.kernels.emitted.PanelReference;
import glia.kernels.emitted.TileReference;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class PanelProductTest extends IsaLevelTest {
    private static final Arena CODE = Arena.ofShared();

    @AfterAll
    static void freeCode() {
        CODE.close();
    }

    static Stream<PanelFormat> formats() {
        return Stream.of(PanelFormat.values());
    }

    private Function function(PanelFormat format, int tokens, boolean fromMemory) {
        return CodePages.seal(CODE, List.of(PanelProduct.emit(level, format, tokens, fromMemory))).function(0);
    }

    private Function twoPanels(PanelFormat format, int tokens, boolean fromMemory) {
        return CodePages.seal(CODE, List.of(TwoPanelProduct.emit(level, format, tokens, fromMemory))).function(0);
    }

    /// The arguments of one call, for one panel or two, every piece next to inaccessible pages.
    private static final class Bench {
        final IsaLevel level;
        final PanelFormat format;
        final int tokens;
        final int cols;
        final int rows;
        final MemorySegment panel;
        final MemorySegment activations;
        final MemorySegment result;
        final MemorySegment work;

        Bench(IsaLevel level, Arena arena, PanelFormat format, Tensor x, Tensor w, boolean atEnd) {
            this.level = level;
            this.format = format;
            tokens = x.rows();
            cols = x.cols();
            rows = w.rows();
            int panels = Math.ceilDiv(rows, PanelFormat.ROWS);
            long panelBytes = format.panelBytes(cols);
            long quants = cols / 32L * format.blockBytes();
            long used = (panels - 1) * panelBytes + quants
                    + cols / 32 / format.scales.blocks * format.scales.sizeBytes;
            MemorySegment whole = arena.allocate(panels * panelBytes, 64);
            for (int p = 0; p < panels; p++) {
                new PanelPackReference().pack(format, w, p, whole.address() + p * panelBytes);
            }
            panel = guarded(arena, used, atEnd).copyFrom(whole.asSlice(0, used));
            TileLayout layout = format.tile(level, tokens);
            MemorySegment roomy = arena.allocate(layout.maxBytes(cols), 64);
            long end = new TileReference().pack(
                    layout, format.offset, x.address(), x.rowBytes(), cols, roomy.address());
            activations = guarded(arena, end - roomy.address(), atEnd)
                    .copyFrom(roomy.asSlice(0, end - roomy.address()));
            result = guarded(arena, 4L * rows * tokens, atEnd);
            work = guarded(arena, WorkerScratch.SIZE_BYTES, atEnd);
            WorkerScratch.prepare(work.address());
            WorkerScratch.panel(work.address(), rows, panelBytes, panelBytes);
        }

        private static MemorySegment guarded(Arena arena, long size, boolean atEnd) {
            return atEnd ? Guarded.atEnd(arena, size) : Guarded.atStart(arena, size);
        }

        float[] run(Function product) {
            product.call(panel.address(), activations.address(), result.address(), cols / 32 / format.scales.blocks,
                    4L * rows, work.address());
            return result.toArray(Memory.F32);
        }

        float[] reference() {
            float[] all = new float[rows * tokens];
            for (int first = 0; first < rows; first += PanelFormat.ROWS) {
                long at = panel.address() + first / PanelFormat.ROWS * format.panelBytes(cols);
                float[] ofPanel = PanelReference.product(level, format, tokens, at, activations.address(), cols);
                for (int t = 0; t < tokens; t++) {
                    System.arraycopy(ofPanel, t * PanelFormat.ROWS, all, t * rows + first,
                            Math.min(PanelFormat.ROWS, rows - first));
                }
            }
            return all;
        }
    }

    /// Activations of which some blocks have outliers, some are 0.
    private static Tensor activations(Arena arena, int tokens, int cols, long seed) {
        Random random = new Random(seed);
        Tensor x = Tensor.allocate(arena, DType.F32, tokens, cols);
        for (int i = 0; i < x.size(); i++) {
            double size = switch (i / 32 % 5) {
                case 0 -> i % 32 == 7 ? 100 : 1;
                case 3 -> i / 32 % 2 == 0 ? 0 : 1e-3;
                default -> 1;
            };
            x.set(i, (float) (size * random.nextGaussian()));
        }
        return x;
    }

    @ParameterizedTest
    @MethodSource("formats")
    void equalsItsReferenceBitForBitAndStaysInItsBuffers(PanelFormat format) {
        for (int tokens = 1; tokens <= 16; tokens++) {
            equalsItsReference(format, tokens, function(format, tokens, false), function(format, tokens, true), 16, 1,
                    11);
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void twoPanelsAtOnceGiveTheSame(PanelFormat format) {
        assumeTrue(level.isWide());
        for (int tokens = 1; tokens <= 16; tokens++) {
            Function near = twoPanels(format, tokens, false);
            Function far = twoPanels(format, tokens, true);
            equalsItsReference(format, tokens, near, far, 32, 17, 27);
        }
    }

    private void equalsItsReference(PanelFormat format, int tokens, Function near, Function far, int... allRows) {
        for (int blocks : new int[] {1, 2, 5}) {
            for (int rows : allRows) {
                try (Arena arena = Arena.ofConfined()) {
                    int cols = blocks * unit(format);
                    Tensor x = activations(arena, tokens, cols, tokens);
                    Tensor w = Fixtures.random(arena, format.type, rows, cols, blocks);
                    var bench = new Bench(level, arena, format, x, w, (tokens + blocks) % 2 == 0);
                    Fixtures.assertSameBits(bench.reference(), bench.run(near));
                    bench.result.fill((byte) -1);
                    Fixtures.assertSameBits(bench.reference(), bench.run(far));
                }
            }
        }
    }

    /// Weights of every bit pattern, among them scales that are NaN, infinite or subnormal.
    @ParameterizedTest
    @MethodSource("formats")
    void equalsItsReferenceForExtremes(PanelFormat format) {
        Function few = function(format, 3, false);
        Function many = function(format, 7, false);
        Function two = level.isWide() ? twoPanels(format, 7, false) : null;
        Random random = new Random(format.ordinal());
        for (int i = 0; i < 50; i++) {
            int tokens = i % 3 == 0 ? 7 : 3;
            boolean isTwo = two != null && i % 6 == 0;
            int rows = isTwo ? 32 : 16;
            try (Arena arena = Arena.ofConfined()) {
                int cols = 512;
                byte[] stored = new byte[rows * (int) format.type.bytes(cols)];
                random.nextBytes(stored);
                MemorySegment memory = arena.allocate(stored.length).copyFrom(MemorySegment.ofArray(stored));
                Tensor x = activations(arena, tokens, cols, i);
                for (int j = 0; j < 40; j++) {
                    float[] odd = {127, -127, -128, 0, -0.0f, 1e-45f, 3e38f, Float.NaN, Float.POSITIVE_INFINITY};
                    x.set(random.nextInt(64, tokens * cols), odd[random.nextInt(i % 2 == 0 ? 7 : odd.length)]);
                }
                var bench = new Bench(level, arena, format, x, Tensor.of(format.type, memory, rows, cols), true);
                Fixtures.assertSameBits(bench.reference(), bench.run(isTwo ? two : tokens == 7 ? many : few));
            }
        }
    }

    /// Every quant against every activation at its extremes: 32 times 255 · -120 fits.
    @Test
    void integersDoNotSaturate() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor w = Tensor.allocate(arena, DType.Q8_0, 16, 32);
            for (int i = 0; i < w.sizeBytes(); i++) {
                Memory.i8(w.address() + i, i / 34 % 2 == 0 ? 127 : -128);
            }
            for (int r = 0; r < 16; r++) {
                Memory.f16(w.address() + 34 * r, 1);
            }
            Tensor x = Tensor.allocate(arena, DType.F32, 1, 32);
            IntStream.range(0, 32).forEach(i -> x.set(i, -120));
            var bench = new Bench(level, arena, PanelFormat.Q8_0, x, w, true);
            float[] y = bench.run(function(PanelFormat.Q8_0, 1, false));
            for (int r = 0; r < 16; r++) {
                assertEquals(32 * -120 * (r % 2 == 0 ? 127 : -128), y[r]);
            }
        }
    }

    /// Every 4-bit quant at its extremes against every activation at its extremes: sums of both fit bytes.
    @Test
    void sumsOfTheLargestNumbersFitBytes() {
        int tokens = 16;
        try (Arena arena = Arena.ofConfined()) {
            Tensor w = Tensor.allocate(arena, DType.Q4_0, 16, 32);
            Random random = new Random(4);
            for (int i = 0; i < w.sizeBytes(); i++) {
                int ends = 15 * random.nextInt(2) + 240 * random.nextInt(2);
                Memory.i8(w.address() + i, i / 18 == 0 ? 0 : i / 18 == 1 ? 0xff : ends);
            }
            for (int r = 0; r < 16; r++) {
                Memory.f16(w.address() + 18 * r, 1);
            }
            Tensor x = Tensor.allocate(arena, DType.F32, tokens, 32);
            for (int i = 0; i < x.size(); i++) {
                x.set(i, i / 32 == 0 ? 120 : i / 32 == 1 ? -120 : 120 - 240 * random.nextInt(2));
            }
            float[] wide = Decode.widen(w, arena).toArray();
            float[] y = new Bench(level, arena, PanelFormat.Q4_0, x, w, true)
                    .run(function(PanelFormat.Q4_0, tokens, false));
            for (int i = 0; i < y.length; i++) {
                float sum = 0;
                for (int k = 0; k < 32; k++) {
                    sum += x.get(i / 16 * 32 + k) * wide[i % 16 * 32 + k];
                }
                assertEquals(sum, y[i], "token " + i / 16 + ", row " + i % 16);
            }
        }
    }

    /// The largest quants against the largest activations, also as low terms: no intermediate sum overflows.
    @ParameterizedTest
    @EnumSource(PanelFormat.class)
    void theLargestNumbersDoNotSaturate(PanelFormat format) {
        for (int number : new int[] {-128, 127}) {
            try (Arena arena = Arena.ofConfined()) {
                int cols = unit(format);
                Tensor x = Tensor.allocate(arena, DType.F32, 2, cols);
                IntStream.range(0, (int) x.size()).forEach(i -> x.set(i, i % 32 == 7 ? 100 : 0.1f));
                var bench = new Bench(level, arena, format, x, Fixtures.random(arena, format.type, 16, cols, 1), true);
                for (int block = 0; block < cols / 32; block++) {
                    fillWithLargest(format, bench.panel.asSlice((long) block * format.blockBytes()));
                }
                TileLayout layout = format.tile(level, 2);
                MemorySegment tile = bench.activations;
                for (long at = 0; at < layout.lowTerms(cols / 32, 0); at += layout.blockBytes()) {
                    assertEquals(2, tile.get(Memory.I32, at + layout.count()));
                    tile.asSlice(at, 64).fill((byte) number);
                    long low = at + tile.get(Memory.I32, at + layout.low());
                    for (int i = 0; i < 2; i++) {
                        tile.asSlice(low + (long) i * layout.lowBytes(), 32).fill((byte) number);
                    }
                }
                Fixtures.assertSameBits(bench.reference(), bench.run(function(format, 2, false)));
            }
        }
    }

    private static void fillWithLargest(PanelFormat format, MemorySegment block) {
        int code = 0xff;
        for (int i = 0; format.codebook != null && i < format.codebook.size(); i++) {
            code = format.codebook.value(i) + format.offset == format.largest() ? i * 0x11 : code;
        }
        block.asSlice(0, format.blockBytes()).fill((byte) code);
        if (format.bits == 3 && format.codebook != null) {
            block.asSlice(0, 128).fill((byte) (0x55 * (code & 3)));
            block.asSlice(128, 64).fill((byte) -(code >> 2 & 1));
        }
    }

    /// The smallest number of columns that fill whole blocks of the file and of the panel.
    private static int unit(PanelFormat format) {
        return Math.max(format.type.blockElements(), 32 * format.scales.blocks);
    }

    /// End to end: packed weights and activations give the result of decoding, quantizing and multiplying.
    @ParameterizedTest
    @EnumSource(PanelFormat.class)
    void isTheProductOfQuantizedActivations(PanelFormat format) {
        try (Arena arena = Arena.ofConfined(); Workers workers = new Workers(1)) {
            Tensor x = activations(arena, 16, 512, 1);
            Tensor w = Fixtures.random(arena, format.type, 16, 512, 2);
            float[] y = new Bench(level, arena, format, x, w, true).run(function(format, 16, true));
            new ScalarKernels(workers).quantizeActivations(x, x);
            float[] wide = Decode.widen(w, arena).toArray();
            for (int i = 0; i < y.length; i++) {
                double sum = 0;
                double size = 0;
                for (int k = 0; k < 512; k++) {
                    double term = (double) x.get(i / 16 * 512 + k) * wide[i % 16 * 512 + k];
                    sum += term;
                    size += Math.abs(term);
                }
                assertEquals(sum, y[i], 1e-6 * size, format + " " + i);
            }
        }
    }
}
