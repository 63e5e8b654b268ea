package glia.tensor.format;

import glia.tensor.Memory;

/// Decodes ggml's K-quants: blocks of 256 values in groups of 16 or 32, whose small scales `sc` (and minima `mn`) share
/// the F16 scales d (and dmin) of the block.
///
/// | format | group | block | value |
/// |---|---|---|---|
/// | Q2_K | 16 | 16 bytes (sc low half, mn high half), 64 bytes q, d, dmin | `d·sc·q - dmin·mn` |
/// | Q3_K | 16 | 32 bytes high bit, 64 bytes low bits, 12 bytes scales, d | `d·(sc - 32)·(q - 4)` |
/// | Q4_K | 32 | d, dmin, 12 bytes scales and minima, 128 bytes q | `d·sc·q - dmin·mn` |
/// | Q5_K | 32 | d, dmin, 12 bytes scales and minima, 32 bytes high bit, 128 bytes low bits | as Q4_K |
/// | Q6_K | 16 | 128 bytes low bits, 64 bytes high bits, 16 × i8 sc, d | `d·sc·(q - 32)` |
final class Blocks256 {
    static final int SIZE = 256;

    private Blocks256() { }

    /// Each 32 bytes of q hold four runs of 32 values: bits 0-1 the first run, bits 2-3 the second…
    static void q2k(long address, float[] to, int offset, int count) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 84) {
            float d = Memory.f16(block + 80);
            float dmin = Memory.f16(block + 82);
            for (int group = 0; group < 16; group++) {
                int packed = Memory.u8(block + group);
                float scale = d * (packed & 15);
                float min = dmin * (packed >> 4);
                long q = block + 16 + group / 8 * 32 + group % 2 * 16;
                int shift = group / 2 % 4 * 2;
                for (int j = 0; j < 16; j++) {
                    to[i + group * 16 + j] = scale * (Memory.u8(q + j) >> shift & 3) - min;
                }
            }
        }
    }

    /// Low bits as in Q2_K; bit k of the 32 high-bit bytes belongs to run k of 32 values.
    static void q3k(long address, float[] to, int offset, int count) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 110) {
            float d = Memory.f16(block + 108);
            for (int group = 0; group < 16; group++) {
                float scale = d * (scale3(block + 96, group) - 32);
                long q = block + 32 + group / 8 * 32 + group % 2 * 16;
                long high = block + group % 2 * 16;
                int shift = group / 2 % 4 * 2;
                int bit = group / 2;
                for (int j = 0; j < 16; j++) {
                    int number = Memory.u8(q + j) >> shift & 3 | (Memory.u8(high + j) >> bit & 1) << 2;
                    to[i + group * 16 + j] = scale * (number - 4);
                }
            }
        }
    }

    /// The 6-bit scale of a group of Q3_K: 4 low bits in 8 bytes, 2 high bits in 4.
    private static int scale3(long scales, int group) {
        int low = Memory.u8(scales + group % 8) >> group / 8 * 4 & 15;
        int high = Memory.u8(scales + 8 + group % 4) >> group / 4 * 2 & 3;
        return low | high << 4;
    }

    /// 32 bytes of q hold one run of 32 values in their low halves and the next run in their high halves.
    static void q4k(long address, float[] to, int offset, int count) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 144) {
            float d = Memory.f16(block);
            float dmin = Memory.f16(block + 2);
            for (int group = 0; group < 8; group++) {
                float scale = d * scale4(block + 4, group);
                float min = dmin * min4(block + 4, group);
                long q = block + 16 + group / 2 * 32;
                int shift = group % 2 * 4;
                for (int j = 0; j < 32; j++) {
                    to[i + group * 32 + j] = scale * (Memory.u8(q + j) >> shift & 15) - min;
                }
            }
        }
    }

    /// Low bits as in Q4_K; bit k of the 32 high-bit bytes belongs to run k of 32 values.
    static void q5k(long address, float[] to, int offset, int count) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 176) {
            float d = Memory.f16(block);
            float dmin = Memory.f16(block + 2);
            for (int group = 0; group < 8; group++) {
                float scale = d * scale4(block + 4, group);
                float min = dmin * min4(block + 4, group);
                long q = block + 48 + group / 2 * 32;
                int shift = group % 2 * 4;
                for (int j = 0; j < 32; j++) {
                    int high = Memory.u8(block + 16 + j) >> group & 1;
                    to[i + group * 32 + j] = scale * (Memory.u8(q + j) >> shift & 15 | high << 4) - min;
                }
            }
        }
    }

    /// The 6-bit scale of a group of Q4_K and Q5_K. The first four are the low bits of bytes 0 to 3; the others have
    /// their low 4 bits in bytes 8 to 11 and their high 2 bits on top of the first four.
    static int scale4(long scales, int group) {
        return group < 4 ? Memory.u8(scales + group) & 63
                : Memory.u8(scales + group + 4) & 15 | Memory.u8(scales + group - 4) >> 6 << 4;
    }

    /// The 6-bit minimum of a group: like the scale, from bytes 4 to 7 and the high halves of bytes 8 to 11.
    static int min4(long scales, int group) {
        return group < 4 ? Memory.u8(scales + group + 4) & 63
                : Memory.u8(scales + group + 4) >> 4 | Memory.u8(scales + group) >> 6 << 4;
    }

    /// Each half of a block: 64 bytes hold the low bits of two runs of 32 values in their low halves and of the next
    /// two runs in their high halves; 32 bytes hold the high bits of the four runs, two each.
    static void q6k(long address, float[] to, int offset, int count) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 210) {
            float d = Memory.f16(block + 208);
            for (int group = 0; group < 16; group++) {
                float scale = d * Memory.i8(block + 192 + group);
                int run = group / 2 % 4;
                long low = block + group / 8 * 64 + run % 2 * 32 + group % 2 * 16;
                long high = block + 128 + group / 8 * 32 + group % 2 * 16;
                int lowShift = run / 2 * 4;
                int highShift = run * 2;
                for (int j = 0; j < 16; j++) {
                    int q = Memory.u8(low + j) >> lowShift & 15 | (Memory.u8(high + j) >> highShift & 3) << 4;
                    to[i + group * 16 + j] = scale * (q - 32);
                }
            }
        }
    }
}
