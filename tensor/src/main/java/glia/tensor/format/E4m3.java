package glia.tensor.format;

/// Rounding to the 8-bit floating-point numbers E4M3 without infinities (https://arxiv.org/abs/2209.05433): 4 bits of
/// exponent, 3 of mantissa, the multiples of 2^-9 below 2^-6.
public final class E4m3 {
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
