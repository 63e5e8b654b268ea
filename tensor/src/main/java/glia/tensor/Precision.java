package glia.tensor;

/// The arithmetic of matrix multiplications with weights. It decides how far results may be from exact ones; within
/// that, the kernel backend and the number of tokens of a pass may change the rounding (see each mode).
public enum Precision {
    /// F32 activations, F32 accumulation, weights decoded exactly.
    EXACT,
    /// Activations rounded to 8 bits in blocks of 32 where weights are quantized: `s · round(x / s)`, where s is the
    /// next `2^e` or `1.5 · 2^e` from `max|x| / 120` on (see `scale`). A block with outliers,
    /// `max|x| > 3.9 · √mean(x²)`, gets 15 bits, that is two terms: s from `max|x| / (120 · 128)` on. In language
    /// models a fifth of the blocks or so have outliers, and most of the error.
    ///
    /// Where weights are BF16 and the processor multiplies such numbers, activations are rounded to BF16 too. Where it
    /// multiplies bytes by tile registers (AMX), products of many tokens with quantized weights round both factors to
    /// 16 bits instead, a hundredth of that error.
    FAST,
    /// As `FAST`; where the processor multiplies BF16 numbers, both factors are rounded to BF16 with F32 and F16
    /// weights, too, and sums stay in F32: up to twice the speed, and directions of vectors within about 1e-5.
    HALF;

    /// Numbers that share a scale in `FAST`.
    public static final int BLOCK = 32;
    /// Steps from 0 to the largest magnitude of a block without outliers: such a number and one of 4 bits have a sum of
    /// 8 bits, which products of sums need.
    public static final int STEPS = 120;
    /// A number of a block with outliers is `128 · high + low`.
    public static final int LOW = 128;
    /// Steps from 0 to the largest magnitude of a block with outliers.
    public static final int MOST_STEPS = LOW * STEPS;
    /// The largest magnitude, as a multiple of the root mean square, that is not yet an outlier.
    public static final double OUTLIER = 3.9;
    /// Bits of an F32 number that a scale does not have.
    public static final int SCALE_REST = 0x3f_ffff;
    /// What scales are below.
    public static final float SCALE_LIMIT = 0x1p97f;

    /// The scale of a block in `FAST`: the least number `2^e` or `1.5 · 2^e` that is not below
    /// `largest / 120`, or with outliers `largest / 15360`. It has so few bits since sums of whole numbers can then be
    /// scaled without a multiplication. At least 2^-126; NaN from `SCALE_LIMIT` on, so that the block becomes NaN, and
    /// where `largest` is NaN.
    ///
    /// @param largest the largest magnitude
    public static float scale(float largest, boolean hasOutliers) {
        float exact = largest / (hasOutliers ? MOST_STEPS : STEPS);
        if (Float.isNaN(exact)) {
            return Float.NaN;
        }
        float scale = Float.intBitsToFloat(Float.floatToRawIntBits(exact) + SCALE_REST & ~SCALE_REST);
        return scale < SCALE_LIMIT ? Math.max(scale, Float.MIN_NORMAL) : Float.NaN;
    }
}
