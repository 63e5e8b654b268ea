package glia.tensor.format;

import glia.tensor.Memory;

/// Decodes and encodes 8-bit floating-point numbers; decoding uses tables of all 256 values.
///
/// E4M3 and E5M2: https://arxiv.org/abs/2209.05433. E4M3 is the variant without infinities (`float8_e4m3fn`); its only
/// NaNs are `0x7f` and `0xff`, its largest value is 448. E5M2 is the upper half of an F16. E8M0, the scale of
/// microscaling formats, is a power of two, `2^(x - 127)`, with the NaN `0xff`:
/// https://www.opencompute.org/documents/ocp-microscaling-formats-mx-v1-0-spec-final-pdf
public final class Float8 {
    static final float[] E4M3 = new float[256];
    static final float[] E5M2 = new float[256];
    static final float[] E8M0 = new float[256];

    static {
        for (int x = 0; x < 256; x++) {
            E4M3[x] = e4m3(x);
            E5M2[x] = Float.float16ToFloat((short) (x << 8));
            E8M0[x] = x == 255 ? Float.NaN : Math.scalb(1.0f, x - 127);
        }
    }

    private Float8() { }

    private static float e4m3(int x) {
        int exponent = x >> 3 & 15;
        int mantissa = x & 7;
        float magnitude;
        if ((x & 0x7f) == 0x7f) {
            magnitude = Float.NaN;
        } else if (exponent == 0) {
            magnitude = Math.scalb((float) mantissa, -9);
        } else {
            magnitude = Math.scalb((float) (8 + mantissa), exponent - 10);
        }
        return x < 128 ? magnitude : -magnitude;
    }

    static void decode(float[] table, long address, float[] to, int offset, int count) {
        for (int i = 0; i < count; i++) {
            to[offset + i] = table[Memory.u8(address + i)];
        }
    }

    static void encodeE4m3(float[] from, int offset, int count, long address) {
        for (int i = 0; i < count; i++) {
            float x = from[offset + i];
            int code = Float.isNaN(x) ? 0x7f : Math.min(magnitude(x, -6, 3), 0x7f);
            Memory.i8(address + i, code | sign(x));
        }
    }

    static void encodeE5m2(float[] from, int offset, int count, long address) {
        for (int i = 0; i < count; i++) {
            float x = from[offset + i];
            int code = Float.isNaN(x) ? 0x7e : Math.min(magnitude(x, -14, 2), 0x7c);
            Memory.i8(address + i, code | sign(x));
        }
    }

    private static int sign(float x) {
        return Float.floatToRawIntBits(x) >>> 24 & 0x80;
    }

    /// The code of |x| in a format without an upper limit, rounded half to even. Codes count through the mantissa into
    /// the exponent, so the code is a number of steps of the size at x.
    ///
    /// @param minExponent exponent of the smallest normal number
    /// @param mantissaBits stored mantissa bits
    private static int magnitude(float x, int minExponent, int mantissaBits) {
        if (Float.isInfinite(x)) {
            return 0xff;
        }
        int exponent = Math.max(Math.getExponent(x), minExponent);
        int steps = (int) Math.rint(Math.scalb((double) Math.abs(x), mantissaBits - exponent));
        return (exponent - minExponent << mantissaBits) + steps;
    }

    /// Rounding to the 8-bit floating-point numbers E4M3 without infinities (https://arxiv.org/abs/2209.05433): 4 bits
    /// of exponent, 3 of mantissa, the multiples of 2^-9 below 2^-6.
    public static final class E4m3 {
        /// The largest number.
        public static final float MAX = 448;
        /// From half of the next step on there is no number.
        private static final float LIMIT = 464;
        private static final float LEAST_NORMAL = 0x1p-6f;
        private static final int LOST_BITS = 20;

        private E4m3() { }

        /// The nearest number, half to even; NaN beyond 464 and for infinities.
        public static float round(float x) {
            float magnitude = Math.abs(x);
            if (!(magnitude <= LIMIT)) {
                return Float.NaN;
            }
            if (magnitude < LEAST_NORMAL) {
                return Math.copySign((float) Math.rint(magnitude * 512.0) / 512, x);
            }
            int bits = Float.floatToRawIntBits(magnitude);
            int odd = bits >>> LOST_BITS & 1;
            int rounded = bits + (1 << LOST_BITS - 1) - 1 + odd & -1 << LOST_BITS;
            return Math.copySign(Float.intBitsToFloat(rounded), x);
        }
    }
}
