package glia.tensor.format;

import glia.tensor.Memory;

/// Quantizes to the formats of `Blocks32`, byte for byte as ggml's reference
/// (https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c, `quantize_row_…_ref`). Values are divided by the
/// F32 scale before that is rounded to F16.
///
/// The formats without a minimum map the value of the largest magnitude, with its sign, to the lowest integer (-8 or
/// -16), since there is one more negative integer than positive ones.
final class Quantize32 {
    private static final int SIZE = Blocks32.SIZE;

    private Quantize32() { }

    static void q8p0(float[] from, int offset, int count, long address) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 34) {
            float d = Math.abs(farthest(from, i)) / 127;
            float inverse = inverse(d);
            Memory.f16(block, d);
            for (int j = 0; j < SIZE; j++) {
                float scaled = from[i + j] * inverse;
                // Rounds half away from zero.
                Memory.i8(block + 2 + j, (int) (scaled + Math.copySign(0.5, scaled)));
            }
        }
    }

    static void q4p0(float[] from, int offset, int count, long address) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 18) {
            float d = farthest(from, i) / -8;
            Memory.f16(block, d);
            int[] q = round(from, i, 0, inverse(d), 8.5f, 15);
            packLow(q, block + 2);
        }
    }

    static void q4p1(float[] from, int offset, int count, long address) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 20) {
            float min = lowest(from, i);
            float d = (highest(from, i) - min) / 15;
            Memory.f16(block, d);
            Memory.f16(block + 2, min);
            int[] q = round(from, i, min, inverse(d), 0.5f, 15);
            packLow(q, block + 4);
        }
    }

    static void q5p0(float[] from, int offset, int count, long address) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 22) {
            float d = farthest(from, i) / -16;
            Memory.f16(block, d);
            int[] q = round(from, i, 0, inverse(d), 16.5f, 31);
            Memory.i32(block + 2, fifthBits(q));
            packLow(q, block + 6);
        }
    }

    static void q5p1(float[] from, int offset, int count, long address) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 24) {
            float min = lowest(from, i);
            float d = (highest(from, i) - min) / 31;
            Memory.f16(block, d);
            Memory.f16(block + 2, min);
            int[] q = round(from, i, min, inverse(d), 0.5f, 31);
            Memory.i32(block + 4, fifthBits(q));
            packLow(q, block + 8);
        }
    }

    /// The scale is the power of two that brings the largest magnitude to between 4 and 8; E2M1 ends at 6.
    static void mxfp4(float[] from, int offset, int count, long address) {
        long block = address;
        int[] q = new int[SIZE];
        for (int i = offset; i < offset + count; i += SIZE, block += 17) {
            float largest = Math.abs(farthest(from, i));
            int exponent = largest == 0 ? 0 : Math.max(0, Math.getExponent(largest) - 2 + 127);
            float d = Blocks32.halfPowerOfTwo(exponent);
            Memory.i8(block, exponent);
            for (int j = 0; j < SIZE; j++) {
                q[j] = nearestE2m1(from[i + j], d);
            }
            packLow(q, block + 1);
        }
    }

    private static int nearestE2m1(float x, float d) {
        int best = 0;
        for (int code = 1; code < 16; code++) {
            if (Math.abs(Blocks32.E2M1_DOUBLED[code] * d - x) < Math.abs(Blocks32.E2M1_DOUBLED[best] * d - x)) {
                best = code;
            }
        }
        return best;
    }

    private static float inverse(float d) {
        return d == 0 ? 0 : 1 / d;
    }

    private static int[] round(float[] from, int start, float min, float inverse, float half, int highest) {
        int[] q = new int[SIZE];
        for (int j = 0; j < SIZE; j++) {
            q[j] = Math.min(highest, (int) ((from[start + j] - min) * inverse + half));
        }
        return q;
    }

    /// Packs the low four bits, value j beside value j + 16.
    static void packLow(int[] q, long address) {
        for (int j = 0; j < 16; j++) {
            Memory.i8(address + j, q[j] & 15 | (q[j + 16] & 15) << 4);
        }
    }

    static int fifthBits(int[] q) {
        int bits = 0;
        for (int j = 0; j < SIZE; j++) {
            bits |= (q[j] >> 4) << j;
        }
        return bits;
    }

    /// The first value of the largest magnitude in a block.
    private static float farthest(float[] from, int start) {
        float farthest = 0;
        for (int j = start; j < start + SIZE; j++) {
            if (Math.abs(from[j]) > Math.abs(farthest)) {
                farthest = from[j];
            }
        }
        return farthest;
    }

    private static float lowest(float[] from, int start) {
        float lowest = from[start];
        for (int j = start; j < start + SIZE; j++) {
            lowest = Math.min(lowest, from[j]);
        }
        return lowest;
    }

    private static float highest(float[] from, int start) {
        float highest = from[start];
        for (int j = start; j < start + SIZE; j++) {
            highest = Math.max(highest, from[j]);
        }
        return highest;
    }
}
