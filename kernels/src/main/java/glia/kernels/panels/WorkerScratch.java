package glia.kernels.panels;

import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Memory of a worker that a product gets: constants, which it reads, and sums, which it writes. It must lie at a
/// multiple of 64.
public final class WorkerScratch {
    /// Which rows of the panel there are, a bit for each.
    static final int ROWS = 0;
    /// The low four bits of each byte.
    static final int NIBBLES = 4;
    /// The fifth bit of each byte.
    static final int FIFTH = 8;
    /// The fifth and sixth bit of each byte.
    static final int FIFTH_AND_SIXTH = 12;
    /// Where the product keeps the address of its result.
    static final int RESULT = 16;
    /// The low two bits of each byte.
    static final int PAIRS = 24;
    /// The third bit of each byte.
    static final int THIRD = 28;
    /// 16 bytes: twice the numbers of E2M1 plus 12, by their four bits.
    static final int E2M1 = 32;
    /// -128, F32.
    static final int MINUS_128 = 48;
    /// 16 numbers of 16 bits: 1, and 16.
    static final int ONES = 64;
    static final int SIXTEENS = 96;
    /// `2^(e - 128)` is `2^(a - 64) · 2^(b - 64)` with a + b = e; stored exponents are 127 larger.
    static final int HALF_BIAS = 128;
    /// How many bytes further the panel is that a product asks for.
    public static final int AHEAD = 136;
    /// 120 and -8 in each byte.
    static final int RAISE = 148;
    static final int MINUS_MIDDLE = 152;
    /// Bytes from a panel to the next.
    static final int PANEL_BYTES = 160;
    /// Where the product keeps the bytes from one token's result to the next.
    static final int RESULT_STEP = 168;
    /// A block's scales, of one panel or two, of one half or two: as they are, and 1.5 fold.
    private static final int SCALES = 192;
    private static final int SCALES_BYTES = 128;
    /// A block's minima, likewise.
    private static final int MINIMA = SCALES + 4 * SCALES_BYTES;
    /// The sums of low terms, 64 bytes for each token, of one panel or two.
    static final int SUMS = MINIMA + 4 * 64;
    private static final int SUMS_BYTES = 64 * TileLayout.MOST_TOKENS;
    /// All other sums, where there are not enough registers.
    static final int MAIN = SUMS + 2 * SUMS_BYTES;
    /// Whole numbers of a part of the quants' bits, 32 bytes for each token.
    static final int PARTS = MAIN + 2 * SUMS_BYTES;
    /// 1 and, 64 bytes further on, 1.5: what a token's scale is beside a power of two.
    static final int ONE = PARTS + 32 * TileLayout.MOST_TOKENS;
    static final int THREE_HALVES = ONE + 64;
    static final int SIZE_BYTES = ONE + 128;

    private WorkerScratch() { }

    /// One for each of `count` workers, prepared; freed when they are no longer reachable.
    public static MemorySegment each(int count) {
        MemorySegment all = Arena.ofAuto().allocate((long) count * SIZE_BYTES, 64);
        for (int i = 0; i < count; i++) {
            prepare(of(all, i));
        }
        return all;
    }

    /// The address of a worker's.
    public static long of(MemorySegment all, int worker) {
        return all.address() + (long) worker * SIZE_BYTES;
    }

    /// Writes the constants.
    static void prepare(long address) {
        Memory.i32(address + NIBBLES, 0x0f0f0f0f);
        Memory.i32(address + FIFTH, 0x10101010);
        Memory.i32(address + FIFTH_AND_SIXTH, 0x30303030);
        Memory.i32(address + PAIRS, 0x03030303);
        Memory.i32(address + THIRD, 0x04040404);
        int[] doubled = {0, 1, 2, 3, 4, 6, 8, 12};
        for (int i = 0; i < 8; i++) {
            Memory.i8(address + E2M1 + i, 12 + doubled[i]);
            Memory.i8(address + E2M1 + 8 + i, 12 - doubled[i]);
        }
        Memory.f32(address + MINUS_128, -128);
        Memory.f32(address + ONE, 1);
        for (int i = 0; i < 8; i++) {
            Memory.i32(address + ONES + 4 * i, 0x00010001);
            Memory.i32(address + SIXTEENS + 4 * i, 0x00100010);
        }
        Memory.i32(address + HALF_BIAS, 63);
        Memory.f32(address + THREE_HALVES, 1.5f);
        Memory.i32(address + RAISE, 0x01010101 * WinogradDots.RAISE);
        Memory.i32(address + MINUS_MIDDLE, 0x01010101 * (256 - WinogradDots.MIDDLE));
    }

    /// Says how many rows the panel or the two panels of the next products have, how many bytes further on the panel
    /// after it is, and how many the second of them.
    public static void panel(long address, int rows, long ahead, long panelBytes) {
        Memory.i32(address + ROWS, (int) ((1L << rows) - 1));
        Memory.i64(address + AHEAD, ahead);
        Memory.i64(address + PANEL_BYTES, panelBytes);
    }

    /// Where the scales of a panel's half stand, and 64 bytes further on the 1.5 fold ones.
    static int scale(int panel, int half) {
        return SCALES + (2 * panel + half) * SCALES_BYTES;
    }

    static int minimum(int panel, int half) {
        return MINIMA + (2 * panel + half) * 64;
    }

    /// Where the sum of a token stands.
    ///
    /// @param place `SUMS` or `MAIN`
    static int sum(int place, int panel, int token) {
        return place + panel * SUMS_BYTES + 64 * token;
    }
}
