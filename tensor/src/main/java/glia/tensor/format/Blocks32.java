package glia.tensor.format;

import glia.tensor.Memory;

/// Decodes ggml's formats with one scale for each 32 values. In the 4- and 5-bit formats, byte j of the 16 bytes of low
/// bits holds value j in its low half and value j + 16 in its high half; bit j of the 32-bit field `high` is the fifth
/// bit of value j.
///
/// | format | block | value |
/// |---|---|---|
/// | Q8_0 | F16 d, 32 × i8 | `q · d` |
/// | Q4_0 | F16 d, 16 bytes | `(q - 8) · d` |
/// | Q4_1 | F16 d, F16 m, 16 bytes | `q · d + m` |
/// | Q5_0 | F16 d, 4 bytes high, 16 bytes | `(q - 16) · d` |
/// | Q5_1 | F16 d, F16 m, 4 bytes high, 16 bytes | `q · d + m` |
/// | MXFP4 | E8M0 d, 16 bytes of E2M1 | `q · d` |
final class Blocks32 {
    static final int SIZE = 32;

    /// The E2M1 values times 2, by their four bits; the highest bit is the sign.
    static final float[] E2M1_DOUBLED = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

    private Blocks32() { }

    static void q8p0(long address, float[] to, int offset, int count) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 34) {
            float d = Memory.f16(block);
            for (int j = 0; j < SIZE; j++) {
                to[i + j] = Memory.i8(block + 2 + j) * d;
            }
        }
    }

    static void q4p0(long address, float[] to, int offset, int count) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 18) {
            float d = Memory.f16(block);
            for (int j = 0; j < 16; j++) {
                int q = Memory.u8(block + 2 + j);
                to[i + j] = ((q & 15) - 8) * d;
                to[i + j + 16] = ((q >> 4) - 8) * d;
            }
        }
    }

    static void q4p1(long address, float[] to, int offset, int count) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 20) {
            float d = Memory.f16(block);
            float m = Memory.f16(block + 2);
            for (int j = 0; j < 16; j++) {
                int q = Memory.u8(block + 4 + j);
                to[i + j] = (q & 15) * d + m;
                to[i + j + 16] = (q >> 4) * d + m;
            }
        }
    }

    static void q5p0(long address, float[] to, int offset, int count) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 22) {
            float d = Memory.f16(block);
            int high = Memory.i32(block + 2);
            for (int j = 0; j < 16; j++) {
                int q = Memory.u8(block + 6 + j);
                to[i + j] = ((q & 15 | (high >> j & 1) << 4) - 16) * d;
                to[i + j + 16] = ((q >> 4 | (high >> j + 16 & 1) << 4) - 16) * d;
            }
        }
    }

    static void q5p1(long address, float[] to, int offset, int count) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 24) {
            float d = Memory.f16(block);
            float m = Memory.f16(block + 2);
            int high = Memory.i32(block + 4);
            for (int j = 0; j < 16; j++) {
                int q = Memory.u8(block + 8 + j);
                to[i + j] = (q & 15 | (high >> j & 1) << 4) * d + m;
                to[i + j + 16] = (q >> 4 | (high >> j + 16 & 1) << 4) * d + m;
            }
        }
    }

    static void mxfp4(long address, float[] to, int offset, int count) {
        long block = address;
        for (int i = offset; i < offset + count; i += SIZE, block += 17) {
            float d = halfPowerOfTwo(Memory.u8(block));
            for (int j = 0; j < 16; j++) {
                int q = Memory.u8(block + 1 + j);
                to[i + j] = d * E2M1_DOUBLED[q & 15];
                to[i + j + 16] = d * E2M1_DOUBLED[q >> 4];
            }
        }
    }

    /// `2^(x - 128)`: half of an E8M0 scale, for the doubled E2M1 values. As in ggml, 255 is not NaN here.
    static float halfPowerOfTwo(int x) {
        return x < 2 ? Float.intBitsToFloat(0x00200000 << x) : Float.intBitsToFloat(x - 1 << 23);
    }
}
