package glia.tensor.format;

import glia.tensor.Memory;

/// Packs integers of K-quants as [Blocks256] reads them. A block is written completely; q are 256 values that are not
/// negative.
final class Pack256 {
    private Pack256() { }

    /// Q2_K without d and dmin.
    static void q2k(int[] q, int[] scales, int[] mins, long block) {
        for (int group = 0; group < 16; group++) {
            Memory.i8(block + group, scales[group] | mins[group] << 4);
        }
        twoBits(q, block + 16);
    }

    /// Q3_K without d.
    ///
    /// @param scales from -32 to 31
    static void q3k(int[] q, int[] scales, long block) {
        for (int j = 0; j < 32; j++) {
            int bits = 0;
            for (int run = 0; run < 8; run++) {
                bits |= (q[32 * run + j] >> 2) << run;
            }
            Memory.i8(block + j, bits);
        }
        twoBits(q, block + 32);
        for (int j = 0; j < 8; j++) {
            Memory.i8(block + 96 + j, scales[j] + 32 & 15 | (scales[j + 8] + 32 & 15) << 4);
        }
        for (int j = 0; j < 4; j++) {
            int bits = 0;
            for (int part = 0; part < 4; part++) {
                bits |= (scales[j + 4 * part] + 32) >> 4 << 2 * part;
            }
            Memory.i8(block + 104 + j, bits);
        }
    }

    /// The two low bits: each 32 bytes hold four runs of 32 values.
    private static void twoBits(int[] q, long address) {
        for (int half = 0; half < 2; half++) {
            for (int j = 0; j < 32; j++) {
                int at = 128 * half + j;
                Memory.i8(address + 32 * half + j,
                        q[at] & 3 | (q[at + 32] & 3) << 2 | (q[at + 64] & 3) << 4 | (q[at + 96] & 3) << 6);
            }
        }
    }

    /// Scales and minima of Q4_K and Q5_K, as `Blocks256.scale4` and `min4` read them.
    static void scales(int[] scales, int[] mins, long address) {
        for (int g = 0; g < 4; g++) {
            Memory.i8(address + g, scales[g] | scales[g + 4] >> 4 << 6);
            Memory.i8(address + 4 + g, mins[g] | mins[g + 4] >> 4 << 6);
            Memory.i8(address + 8 + g, scales[g + 4] & 15 | (mins[g + 4] & 15) << 4);
        }
    }

    /// The four low bits: each 32 bytes hold two runs of 32 values.
    static void nibbles(int[] q, long address) {
        for (int pair = 0; pair < 4; pair++) {
            for (int j = 0; j < 32; j++) {
                Memory.i8(address + 32 * pair + j, q[64 * pair + j] & 15 | (q[64 * pair + 32 + j] & 15) << 4);
            }
        }
    }

    /// The fifth bit of Q5_K: bit k of the 32 bytes belongs to run k of 32 values.
    static void fifthBits(int[] q, long address) {
        for (int j = 0; j < 32; j++) {
            int bits = 0;
            for (int run = 0; run < 8; run++) {
                bits |= (q[32 * run + j] >> 4) << run;
            }
            Memory.i8(address + j, bits);
        }
    }

    /// Q6_K without d.
    ///
    /// @param scales from -128 to 127
    static void q6k(int[] q, int[] scales, long block) {
        for (int half = 0; half < 2; half++) {
            for (int j = 0; j < 32; j++) {
                int at = 128 * half + j;
                long low = block + 64 * half + j;
                Memory.i8(low, q[at] & 15 | (q[at + 64] & 15) << 4);
                Memory.i8(low + 32, q[at + 32] & 15 | (q[at + 96] & 15) << 4);
                Memory.i8(block + 128 + 32 * half + j,
                        q[at] >> 4 | q[at + 32] >> 4 << 2 | q[at + 64] >> 4 << 4 | q[at + 96] >> 4 << 6);
            }
        }
        for (int g = 0; g < 16; g++) {
            Memory.i8(block + 192 + g, scales[g]);
        }
    }
}
