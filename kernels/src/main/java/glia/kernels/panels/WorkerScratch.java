package glia.kernels.panels;

import glia.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Memory of a worker for the int8 micro-kernel: constants, which it reads, and sums, which it writes. Aligned to 64
/// bytes.
public final class WorkerScratch {
    /// A bit mask of the rows that the panel has.
    static final int ROWS = 0;
    /// The low four bits of each byte.
    static final int NIBBLES = 4;
    /// The fifth bit of each byte.
    static final int FIFTH = 8;
    /// The fifth and sixth bit of each byte.
    static final int FIFTH_AND_SIXTH = 12;
    /// The address of the result.
    static final int RESULT = 16;
    /// The low two bits of each byte.
    static final int PAIRS = 24;
    /// The third bit of each byte.
    static final int THIRD = 28;
    /// -128, F32.
    static final int MINUS_128 = 48;
    /// 16-bit integers: 1, and 16.
    static final int ONES = 64;
    static final int SIXTEENS = 96;
    /// `2^(e - 128)` is `2^(a - 64) · 2^(b - 64)` with a + b = e; stored exponents are 127 larger.
    static final int HALF_BIAS = 128;
    /// The distance in bytes to the panel to prefetch.
    public static final int AHEAD = 136;
    /// 120 and -8 in each byte.
    static final int RAISE = 148;
    static final int MINUS_MIDDLE = 152;
    /// Bytes from a panel to the next.
    static final int PANEL_BYTES = 160;
    /// Bytes from one token's result to the next.
    static final int RESULT_STEP = 168;
    /// A block's scales, of one panel or two, of one half or two: unchanged, and times 1.5.
    private static final int SCALES = 192;
    private static final int SCALES_BYTES = 128;
    /// A block's minima, likewise.
    private static final int MINIMA = SCALES + 4 * SCALES_BYTES;
    /// The sums of low terms, 64 bytes for each token, of one panel or two.
    static final int SUMS = MINIMA + 4 * 64;
    private static final int SUMS_BYTES = 64 * TileLayout.MAX_TOKENS;
    /// All other sums, if there are not enough registers.
    static final int MAIN = SUMS + 2 * SUMS_BYTES;
    /// Integer sums of a plane of the quants' bits, 32 bytes for each token.
    static final int PARTS = MAIN + 2 * SUMS_BYTES;
    /// 1 and, 64 bytes further, 1.5: the mantissa of a token's scale.
    static final int ONE = PARTS + 32 * TileLayout.MAX_TOKENS;
    static final int THREE_HALVES = ONE + 64;
    /// For each format: 16 quants by their codes, the low four bits of each, the high four bits of each.
    private static final int CODEBOOKS = ONE + 128;
    private static final int CODEBOOK_BYTES = 64;
    static final int SIZE_BYTES = CODEBOOKS + CODEBOOK_BYTES * PanelFormat.values().length;

    private WorkerScratch() { }

    /// Allocates one for each of `count` workers, prepared; freed when no longer reachable.
    public static MemorySegment each(int count) {
        MemorySegment all = Arena.ofAuto().allocate((long) count * SIZE_BYTES, 64);
        for (int i = 0; i < count; i++) {
            prepare(of(all, i));
        }
        return all;
    }

    /// The address of a worker's memory.
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
        for (PanelFormat format : PanelFormat.values()) {
            for (int code = 0; format.codebook != null && code < format.codebook.size(); code++) {
                int quant = format.codebook.value(code) + format.offset;
                Memory.i8(address + codebook(format, 0) + code, quant);
                Memory.i8(address + codebook(format, 1) + code, quant & 15);
                Memory.i8(address + codebook(format, 2) + code, quant >> 4);
            }
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

    /// Sets the number of rows of the next panel or two panels, and the distances to the panel after it and to the
    /// second.
    public static void panel(long address, int rows, long ahead, long panelBytes) {
        Memory.i32(address + ROWS, (int) ((1L << rows) - 1));
        Memory.i64(address + AHEAD, ahead);
        Memory.i64(address + PANEL_BYTES, panelBytes);
    }

    /// The offset of the quants of a format with a codebook: 0 whole, 1 their low and 2 their high four bits.
    static int codebook(PanelFormat format, int part) {
        return CODEBOOKS + CODEBOOK_BYTES * format.ordinal() + 16 * part;
    }

    /// The offset of the scales of a panel's half; 64 bytes further those times 1.5.
    static int scale(int panel, int half) {
        return SCALES + (2 * panel + half) * SCALES_BYTES;
    }

    static int minimum(int panel, int half) {
        return MINIMA + (2 * panel + half) * 64;
    }

    /// The offset of the sum of a token.
    ///
    /// @param place `SUMS` or `MAIN`
    static int sum(int place, int panel, int token) {
        return place + panel * SUMS_BYTES + 64 * token;
    }
}
