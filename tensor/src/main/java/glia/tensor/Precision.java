package glia.tensor;

/// The arithmetic of matrix multiplications with weights. It bounds the error of the results; within that bound the
/// rounding may differ between kernel backends and between numbers of tokens (see each mode).
public enum Precision {
    /// F32 activations, F32 accumulation, weights decoded exactly.
    EXACT,
    /// Activations are quantized to int8 in blocks of 32 where weights are quantized: `s · round(x / s)`, where s is
    /// the next `2^e` or `1.5 · 2^e` from `max|x| / 120` on (see `scale`). A block with outliers, `max|x| > 3.9 ·
    /// √mean(x²)`, gets 15 bits in two terms: s from `max|x| / (120 · 128)` on. In language models about a fifth of the
    /// blocks have outliers; they would cause most of the error.
    ///
    /// With BF16 weights on a processor with BF16 instructions, activations are rounded to BF16. On a processor with
    /// AMX int8 tiles, matrix multiplications of many tokens with quantized weights round both factors to 16 bits
    /// instead, with a hundredth of the error.
    FAST,
    /// As `FAST`; on processors with BF16 instructions both factors are rounded to BF16 with F32 and F16 weights too,
    /// with F32 accumulation. Up to twice as fast; the direction of result vectors changes by about 1e-5.
    HALF;

    /// Values that share a scale in `FAST`.
    public static final int BLOCK = 32;
    /// Quantization steps from 0 to the largest magnitude of a block without outliers: the sum of such a value and a
    /// 4-bit value fits 8 bits, which Winograd's inner product needs.
    public static final int STEPS = 120;
    /// A value of a block with outliers is `128 · high + low`.
    public static final int LOW = 128;
    /// Quantization steps from 0 to the largest magnitude of a block with outliers.
    public static final int MAX_STEPS = LOW * STEPS;
    /// The largest magnitude, as a multiple of the root mean square, that is not an outlier.
    public static final double OUTLIER = 3.9;
    /// Mantissa bits of an F32 value that a scale does not have.
    public static final int SCALE_REST = 0x3f_ffff;
    /// The exclusive upper limit of scales.
    public static final float SCALE_LIMIT = 0x1p97f;

    /// Returns the scale of a block in `FAST`: the least `2^e` or `1.5 · 2^e` that is not below `largest / 120`, or
    /// with outliers `largest / 15360`. With so few bits integer sums can be scaled without a multiplication. It is at
    /// least 2^-126; it is NaN from `SCALE_LIMIT` on and where `largest` is NaN, so that the block becomes NaN.
    ///
    /// @param largest the largest magnitude
    public static float scale(float largest, boolean hasOutliers) {
        float exact = largest / (hasOutliers ? MAX_STEPS : STEPS);
        if (Float.isNaN(exact)) {
            return Float.NaN;
        }
        float scale = Float.intBitsToFloat(Float.floatToRawIntBits(exact) + SCALE_REST & ~SCALE_REST);
        return scale < SCALE_LIMIT ? Math.max(scale, Float.MIN_NORMAL) : Float.NaN;
    }
}
