package glia.kernels.panels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.code.CodePages;
import glia.kernels.code.CodePages.Function;
import glia.kernels.code.IsaLevelTest;
import glia.kernels.emitted.Guarded;
import glia.kernels.emitted.TileReference;
import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TilePackTest extends IsaLevelTest {
    private static final float[] ODD = {0, -0.0f, 1e-45f, -3e-44f, 1e-40f, 1e-38f, 3e38f, -3.4e38f, 127, 127.5f, 1000,
        Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN};

    /// Ordinary blocks, blocks with outliers, blocks of zeros, of tiny values, of one odd value.
    private static float number(Random random, int block, int i) {
        return switch (block % 6) {
            case 1 -> i == 5 ? 50 : (float) random.nextGaussian();
            case 2 -> 0;
            case 3 -> (float) (1e-42 * random.nextGaussian());
            case 4 -> random.nextInt(8) == 0 ? ODD[random.nextInt(ODD.length)] : (float) random.nextGaussian();
            default -> (float) random.nextGaussian();
        };
    }

    @ParameterizedTest
    @EnumSource(PanelFormat.class)
    void equalsTheReferenceAndStaysInItsBuffers(PanelFormat format) {
        int outliers = 0;
        for (int tokens = 1; tokens <= 16; tokens++) {
            try (Arena arena = Arena.ofConfined()) {
                Function pack = CodePages.seal(arena, List.of(TilePack.emit(level, arena, format, tokens))).function(0);
                TileLayout layout = format.tile(level, tokens);
                for (int blocks : tokens == 1 ? new int[] {1, 2, 4, 5, 7, 16, 19, 24} : new int[] {1, 2, 24}) {
                    Random random = new Random(31L * tokens + blocks);
                    int cols = 32 * blocks;
                    MemorySegment x = Guarded.either(arena, random, 4L * tokens * cols);
                    for (int i = 0; i < tokens * cols; i++) {
                        x.set(Memory.F32, 4L * i, number(random, random.nextInt(6) / 5 * 5 + i / 32, i % 32));
                    }
                    MemorySegment roomy = arena.allocate(layout.maxBytes(cols), 64);
                    long used = new TileReference().pack(layout, format.offset, x.address(), 4L * cols, cols,
                            roomy.address()) - roomy.address();
                    for (MemorySegment found : List.of(Guarded.atEnd(arena, used), Guarded.atStart(arena, used))) {
                        pack.call(x.address(), 4L * cols, blocks, found.address(),
                                found.address() + layout.lowTerms(blocks, 0), 0);
                        assertArrayEquals(roomy.asSlice(0, used).toArray(ValueLayout.JAVA_BYTE),
                                found.toArray(ValueLayout.JAVA_BYTE), format + ", " + tokens + " tokens");
                    }
                    outliers += (int) (used - (long) blocks * layout.blockBytes()) / layout.lowBytes();
                }
            }
        }
        assertTrue(outliers > 100, outliers + " low terms");
    }

    /// The low terms of a part of a tile's blocks do not overlap those of earlier parts.
    @ParameterizedTest
    @EnumSource(PanelFormat.class)
    void packsInParts(PanelFormat format) {
        Random random = new Random(7);
        for (int tokens : new int[] {1, 3, 16}) {
            try (Arena arena = Arena.ofConfined()) {
                Function pack = CodePages.seal(arena, List.of(TilePack.emit(level, arena, format, tokens))).function(0);
                TileLayout layout = format.tile(level, tokens);
                MemorySegment x = Guarded.either(arena, random, 4L * tokens * 32 * 11);
                for (int i = 0; i < tokens * 32 * 11; i++) {
                    x.set(Memory.F32, 4L * i, number(random, random.nextInt(6) / 5 * 5 + i / 32, i % 32));
                }
                MemorySegment whole = Guarded.atEnd(arena, layout.maxBytes(32 * 11));
                MemorySegment part = arena.allocate(layout.maxBytes(32 * 5), 64);
                // The last 5 of 11 blocks.
                pack.call(x.address() + 128 * 6, 4L * 32 * 11, 5, whole.address() + 6L * layout.blockBytes(),
                        whole.address() + layout.lowTerms(11, 6), 0);
                new TileReference().pack(layout, format.offset, x.address() + 128 * 6, 4L * 32 * 11, 32 * 5,
                        part.address());
                long between = whole.address() + layout.lowTerms(11, 6) - whole.address() - 6L * layout.blockBytes();
                for (int block = 0; block < 5; block++) {
                    long expected = part.address() + (long) block * layout.blockBytes();
                    long found = whole.address() + (6L + block) * layout.blockBytes();
                    assertEquals(text(expected, layout.low()), text(found, layout.low()), format + ", " + block);
                    long low = Memory.i32(found + layout.low()) - between + (long) block * layout.blockBytes();
                    assertEquals(Memory.i32(expected + layout.low()) - layout.lowTerms(5, 0)
                            + (long) block * layout.blockBytes(), low);
                    int bytes = Memory.i32(found + layout.count()) * layout.lowBytes();
                    assertEquals(text(expected + Memory.i32(expected + layout.low()), bytes),
                            text(found + Memory.i32(found + layout.low()), bytes));
                }
            }
        }
    }

    private static String text(long address, int bytes) {
        return HexFormat.of().formatHex(Memory.ALL.asSlice(address, bytes).toArray(ValueLayout.JAVA_BYTE));
    }

    /// Rows may be strided.
    @ParameterizedTest
    @EnumSource(PanelFormat.class)
    void takesRowsOfAnyDistance(PanelFormat format) {
        try (Arena arena = Arena.ofConfined()) {
            Function pack = CodePages.seal(arena, List.of(TilePack.emit(level, arena, format, 2))).function(0);
            TileLayout layout = format.tile(level, 2);
            MemorySegment x = arena.allocate(4 * 100, 64);
            for (int i = 0; i < 100; i++) {
                x.set(Memory.F32, 4L * i, i < 32 ? i : i - 10);
            }
            MemorySegment to = arena.allocate(layout.maxBytes(32), 64);
            pack.call(x.address(), 4 * 68, 1, to.address(), to.address() + layout.lowTerms(1, 0), 0);
            // The scales are 3/8 for 31 / 120 and 3/4 for 89 / 120.
            assertEquals(level.isWide() ? 0x1.8p21f : 0.375f, to.get(Memory.F32, layout.scale(0)));
            assertEquals(level.isWide() ? 0x1.8p22f : 0.75f, to.get(Memory.F32, layout.scale(1)));
            assertEquals(83, to.get(ValueLayout.JAVA_BYTE, layout.numbers(0) + 31));
            assertEquals(119, to.get(ValueLayout.JAVA_BYTE, layout.numbers(1) + 31));
        }
    }
}
