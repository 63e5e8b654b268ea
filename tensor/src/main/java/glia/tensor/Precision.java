package glia.tensor;

/// What arithmetic products with weights use. It decides the numbers; the kernel set decides only the
/// speed.
public enum Precision {
    /// F32 activations, F32 accumulation, weights decoded exactly.
    EXACT,
    /// Activations rounded to 8 bits in blocks of 32 where weights are quantised: `s · round(x / s)` with
    /// `s = max|x| / 127`. A block with outliers, `max|x| > 4.25 · √mean(x²)`, gets 16 bits, that is two terms of 8:
    /// `s = max|x| / (127 · 256)`. In language models a sixth of the blocks or so have outliers, and most of the
    /// error.
    ///
    /// Where weights are BF16 and the processor multiplies such numbers, activations are rounded to BF16 too. Where it
    /// multiplies bytes by tile registers (AMX), products of many tokens with quantised weights round both factors to
    /// 16 bits instead, a hundredth of that error.
    FAST,
    /// As `FAST`; where the processor multiplies BF16 numbers, both factors are rounded to BF16 with F32 and F16
    /// weights, too, and sums stay in F32: up to twice the speed, and directions of vectors within about 1e-5.
    HALF;

    /// Numbers that share a scale in `FAST`.
    public static final int BLOCK = 32;
    /// Steps from 0 to the largest magnitude of a block without outliers.
    public static final int STEPS = 127;
    /// The largest magnitude, as a multiple of the root mean square, that is not yet an outlier.
    public static final double OUTLIER = 4.25;
}
