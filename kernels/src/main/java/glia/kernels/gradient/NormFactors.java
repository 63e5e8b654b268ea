package glia.kernels.gradient;

import glia.tensor.Memory;

/// The values of one row of a norm, in native memory for machine code: mean and offset, sums over the row, and the
/// factors of its gradient. Offsets are in bytes.
public final class NormFactors {
    /// F64: the mean of x, 0 for norms that do not subtract it.
    public static final int MEAN = 0;
    /// F64: the offset added to weights.
    public static final int OFFSET = 8;
    /// F64: `Σ (x - mean)²`.
    public static final int SQUARES = 16;
    /// F64: `Σ g` with `g = dy · (w + offset)`.
    public static final int SUM = 24;
    /// F64: `Σ g · (x - mean)`. The eight bytes behind it may be overwritten.
    public static final int DOT = 32;
    /// F32: the mean.
    public static final int MEAN_F32 = 48;
    /// F32: the offset.
    public static final int OFFSET_F32 = 52;
    /// F32: `r`.
    public static final int FACTOR = 56;
    /// F32: `r³ · mean(g · (x - mean))`.
    public static final int PULL = 60;
    /// F32: `r · mean(g)`, 0 for norms that do not subtract a mean.
    public static final int SHIFT = 64;
    /// Address: the gradient of the weight.
    public static final int WEIGHT_GRADIENT = 72;
    static final int SIZE_BYTES = 80;

    private NormFactors() { }

    /// Begins a row.
    static void begin(long at, double mean, float offset) {
        Memory.ALL.set(Memory.F64, at + MEAN, mean);
        Memory.ALL.set(Memory.F64, at + OFFSET, offset);
        for (int sum = SQUARES; sum <= DOT; sum += 8) {
            Memory.ALL.set(Memory.F64, at + sum, 0);
        }
        Memory.f32(at + MEAN_F32, (float) mean);
        Memory.f32(at + OFFSET_F32, offset);
    }

    /// Computes the factors of the gradient from the sums over a row of `size` values.
    static void finish(long at, int size, float eps, boolean centered) {
        double r = 1 / Math.sqrt(f64(at + SQUARES) / size + eps);
        Memory.f32(at + FACTOR, (float) r);
        Memory.f32(at + PULL, (float) (r * r * r * f64(at + DOT) / size));
        Memory.f32(at + SHIFT, centered ? (float) (r * f64(at + SUM) / size) : 0);
    }

    /// Adds to a sum.
    public static void add(long address, double value) {
        Memory.ALL.set(Memory.F64, address, f64(address) + value);
    }

    private static double f64(long address) {
        return Memory.ALL.get(Memory.F64, address);
    }
}
