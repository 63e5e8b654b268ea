package glia.kernels.amx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.code.CodePages.Function;
import glia.kernels.code.IsaLevel;
import glia.kernels.code.Processor;
import glia.kernels.emitted.EmittedKernelsUnderTest;
import glia.kernels.emitted.Guarded;
import glia.kernels.panels.PanelFormat;
import glia.kernels.panels.PackedWeights.PanelPacker;
import glia.kernels.panels.WorkerScratch;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Fixtures;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class Int16CodeTest {
    private static final float MAX_WORD = 32512;

    @BeforeAll
    static void onlyWhereItRuns() {
        EmittedKernelsUnderTest.assumeItRuns(IsaLevel.AMX);
    }

    /// Assembles a 16-bit integer from its two bytes, which are `apart` bytes from each other.
    private static int word(MemorySegment memory, long at, long apart) {
        return 256 * memory.get(ValueLayout.JAVA_BYTE, at)
                + memory.get(ValueLayout.JAVA_BYTE, at + apart);
    }

    @Test
    void tokensAreQuantizedTo16BitsWithinBounds() {
        Random random = new Random(1);
        for (int blocks : new int[] {1, 2, 3, 8, 17, 18}) {
            for (int style = 0; style < 4; style++) {
                try (Arena arena = Arena.ofConfined()) {
                    int steps = Math.ceilDiv(blocks, 2);
                    // The last token of a group: its place ends where the group's memory does.
                    MemorySegment from = blocks % 2 == 0 ? Guarded.atStart(arena, 128L * blocks)
                            : Guarded.atEnd(arena, 128L * blocks);
                    MemorySegment to = Guarded.atEnd(arena, (long) steps * Int16Code.X_STEP_BYTES);
                    to.fill((byte) 77);
                    MemorySegment scale = Guarded.atEnd(arena, 4);
                    float largest = 0;
                    for (int i = 0; i < 32 * blocks; i++) {
                        float x = (float) random.nextGaussian() * new float[] {1, 0, 1e30f, 1e-42f}[style];
                        from.set(Memory.F32, 4L * i, x);
                        largest = Math.max(largest, Math.abs(x));
                    }
                    Int16Code.pack(from.address(), blocks, to.address() + 64 * 15, scale.address());
                    largest = Math.max(largest, 0x1p-100f);
                    assertEquals(largest * (1 / MAX_WORD), scale.get(Memory.F32, 0));
                    for (int i = 0; i < 64 * steps; i++) {
                        long expected = i < 32 * blocks
                                ? (long) Math.rint(from.get(Memory.F32, 4L * i) * (MAX_WORD / largest)) : 0;
                        assertEquals(expected, word(to, i / 64 * 2048L + 64 * 15 + i % 64, 1024), "number " + i);
                    }
                    for (int i = 0; i < to.byteSize(); i++) {
                        if (i % 1024 < 64 * 15) {
                            assertEquals(77, to.get(ValueLayout.JAVA_BYTE, i), "byte " + i);
                        }
                    }
                }
            }
        }
    }

    @Test
    void whatIsNotFiniteMakesTheScaleSo() {
        for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            for (int place : new int[] {0, 15, 40, 63}) {
                try (Arena arena = Arena.ofConfined()) {
                    Tensor x = Fixtures.random(arena, DType.F32, 1, 64, 1);
                    x.set(place, odd);
                    MemorySegment scale = arena.allocate(4);
                    Int16Code.pack(x.address(), 2, arena.allocate(2048, 64).address(), scale.address());
                    assertTrue(!Float.isFinite(scale.get(Memory.F32, 0)));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(PanelFormat.class)
    void weightsAreConvertedTo16Bits(PanelFormat format) {
        Random random = new Random(format.ordinal());
        Function code = Int16PanelCode.of(format);
        for (int rows : new int[] {16, 1, 7}) {
            for (int units : new int[] {1, 2, 3}) {
                for (boolean wild : new boolean[] {false, true}) {
                    try (Arena arena = Arena.ofConfined()) {
                        int cols = units * format.type.blockElements();
                        Tensor w = Fixtures.random(arena, format.type, rows, cols, random.nextInt());
                        if (wild) {
                            enlargeSomeScales(format, w);
                        }
                        check(format, code, w, arena);
                    }
                }
            }
        }
    }

    /// Makes every third block 64 times larger, or its negative.
    private static void enlargeSomeScales(PanelFormat format, Tensor w) {
        int place = switch (format) {
            case Q2_K -> 80;
            case Q3_K -> 108;
            case Q6_K -> 208;
            case TQ2_0 -> 64;
            case TQ1_0 -> 52;
            default -> 0;
        };
        for (long at = 0; at < w.sizeBytes(); at += 3L * format.type.blockBytes()) {
            if (format == PanelFormat.MXFP4) {
                Memory.i8(w.address() + at, 128);
            } else if (format == PanelFormat.NVFP4) {
                Memory.i8(w.address() + at, 0x70);
            } else if (format != PanelFormat.IQ1_M) {
                Memory.f16(w.address() + at + place, -64 * Memory.f16(w.address() + at + place));
            }
        }
    }

    private static void check(PanelFormat format, Function code, Tensor w, Arena arena) {
        int cols = w.cols();
        int blocks = cols / 32;
        long quants = (long) blocks * format.blockBytes();
        long used = quants + (long) blocks / format.scales.blocks * format.scales.sizeBytes;
        MemorySegment panel = Guarded.atEnd(arena, used);
        new PanelPacker().pack(format, w.address(), w.rowBytes(), cols / format.type.blockElements(), panel.address(),
                panel.address() + quants, w.rows());
        MemorySegment area = WorkerScratch.each(1);
        WorkerScratch.panel(WorkerScratch.of(area, 0), 16, 0, 0);
        // The first panel of two, whose step is 4096 bytes, of which the second's are never touched.
        MemorySegment to = Guarded.atEnd(arena, Math.ceilDiv(blocks, 2) * 4096L - 2048);
        MemorySegment scales = Guarded.atEnd(arena, 64);
        code.call(panel.address(), panel.address() + quants, to.address(), blocks / format.scales.blocks,
                scales.address(), WorkerScratch.of(area, 0));
        float[] wide = Decode.widen(w, arena).toArray();
        for (int row = 0; row < 16; row++) {
            float scale = scales.get(Memory.F32, 4L * row);
            double largest = 0;
            int largestWord = 0;
            for (int k = 0; k < cols; k++) {
                double number = row < w.rows() ? wide[row * cols + k] : 0;
                int word = word(to, k / 64 * 4096L + k % 64 / 4 * 64 + 4 * row + k % 4, 1024);
                // Rounding of the scales in F32 adds a little to the rounding of values.
                assertEquals(number / scale, word, 1.51, format + ", row " + row + ", column " + k);
                largest = Math.max(largest, Math.abs(number));
                largestWord = Math.max(largestWord, Math.abs(word));
            }
            assertTrue(largestWord <= MAX_WORD + 2);
            assertTrue(largest == 0 || largestWord > MAX_WORD / 5, "few bits of words are used: " + largestWord);
        }
    }

    @Test
    void sumsAreThoseOfTheDefinition() {
        Random random = new Random(3);
        Processor.here();
        for (int steps : new int[] {1, 2, 9}) {
            for (int groups : new int[] {1, 3}) {
                for (int panels = 1; panels <= 2; panels++) {
                    for (boolean adds : new boolean[] {false, true}) {
                        try (Arena arena = Arena.ofConfined()) {
                            checkSums(random, arena, steps, groups, panels, adds);
                        }
                    }
                }
            }
        }
    }

    private static void checkSums(Random random, Arena arena, int steps, int groups, int panels, boolean adds) {
        MemorySegment x = random(random, Guarded.atEnd(arena, (long) groups * steps * Int16Code.X_STEP_BYTES));
        MemorySegment w = random(random, Guarded.atEnd(arena, (long) steps * Int16Code.W_STEP_BYTES
                - (panels == 1 ? Int16Code.W_STEP_BYTES / 2 : 0)));
        MemorySegment xScales = Guarded.atEnd(arena, 64L * groups);
        MemorySegment results = Guarded.atEnd(arena, (long) groups * Int16Code.RESULT_BYTES);
        MemorySegment call = Guarded.atEnd(arena, Int16Code.CALL_BYTES);
        Int16Code.prepare(call.address());
        Int16Code.ahead(call.address(), x.address(), 0, x.address());
        for (int i = 0; i < 32; i++) {
            call.set(Memory.F32, Int16Code.SCALES + 4L * i, random.nextFloat());
        }
        for (int i = 0; i < 16 * groups; i++) {
            xScales.set(Memory.F32, 4L * i, random.nextFloat());
        }
        for (int i = 0; i < results.byteSize(); i += 4) {
            results.set(Memory.F32, i, adds ? random.nextFloat() * 1e10f : Float.NaN);
        }
        MemorySegment before = arena.allocate(results.byteSize(), 64).copyFrom(results);
        Int16Code.multiply(call.address(), groups, panels, adds, results.address(), x.address(), xScales.address(),
                w.address(), steps);
        for (int token = 0; token < 16 * groups; token++) {
            for (int row = 0; row < 16 * panels; row++) {
                int highs = 0;
                int mixed = 0;
                for (int k = 0; k < 64 * steps; k++) {
                    long xAt = (token / 16L * steps + k / 64) * 2048 + token % 16 * 64 + k % 64;
                    long wAt = k / 64 * 4096L + row / 16 * 2048 + k % 64 / 4 * 64 + row % 16 * 4 + k % 4;
                    int xHigh = x.get(ValueLayout.JAVA_BYTE, xAt);
                    int wHigh = w.get(ValueLayout.JAVA_BYTE, wAt);
                    highs += xHigh * wHigh;
                    mixed += xHigh * w.get(ValueLayout.JAVA_BYTE, wAt + 1024)
                            + wHigh * x.get(ValueLayout.JAVA_BYTE, xAt + 1024);
                }
                float scale = 256 * call.get(Memory.F32, Int16Code.SCALES + 4L * row)
                        * xScales.get(Memory.F32, 4L * token);
                float sum = Math.fma((float) highs, 256, (float) mixed);
                long at = token / 16 * 2048L + row / 16 * 1024 + token % 16 * 64 + row % 16 * 4;
                assertEquals(adds ? Math.fma(sum, scale, before.get(Memory.F32, at)) : sum * scale,
                        results.get(Memory.F32, at), "token " + token + ", row " + row);
            }
        }
    }

    private static MemorySegment random(Random random, MemorySegment memory) {
        byte[] bytes = new byte[(int) memory.byteSize()];
        random.nextBytes(bytes);
        // Extremes occur together.
        Arrays.fill(bytes, 0, 64, (byte) -128);
        Arrays.fill(bytes, 64, 128, (byte) 127);
        return memory.copyFrom(MemorySegment.ofArray(bytes));
    }
}
