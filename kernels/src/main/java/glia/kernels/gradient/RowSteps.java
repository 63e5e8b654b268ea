package glia.kernels.gradient;

import glia.tensor.Memory;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.GradientKernels.AdamStep;

/// A backend's inner loops for `RowGradients`, over consecutive F32 values given by address. Not thread-safe; nothing
/// is checked.
public interface RowSteps {
    /// Maximal number of values in a call.
    int MAX = 8192;

    /// Returns `Σ x`.
    double sum(long x, int count);

    /// Adds to the sums of `factors` as `NormFactors` defines.
    ///
    /// @param factors the address of `NormFactors`, of which mean and offset are set
    void normSums(long x, long dy, long w, int count, long factors);

    /// Computes `dx += r · dy · (w + offset) - pull · (x - mean) - shift`, `dw += dy · (x - mean) · r`.
    ///
    /// @param factors the address of `NormFactors`
    void normGradient(long dx, long dw, long dy, long x, long w, int count, long factors);

    /// Computes `y += x`.
    void add(long y, long x, int count);

    /// Computes `dx += dy · f'(x)`.
    void activation(Activation f, long dx, long dy, long x, int count);

    /// Computes `dgate += dy · up · f'(gate)`, `dup += dy · f(gate)`.
    void gated(Activation f, long dgate, long dup, long dy, long gate, long up, int count);

    /// Returns the largest value; -∞ if all are NaN.
    float largest(long x, int count);

    /// Returns `Σ e^(x - shift)` for values of at most `shift`.
    double exponentials(long x, int count, float shift);

    /// Returns `Σ e^(x - shift) · (x - shift)` for values of at most `shift`; those of -∞ add nothing.
    double products(long x, int count, float shift);

    /// Computes `y = p · (a + b · ln p)` with `ln p = x - shift`, or adds it to y. Unless it is added, y may be x.
    void softmaxGradients(long y, long x, int count, float shift, float a, float b, boolean add);

    /// Returns `Σ x²`.
    double sumOfSquares(long x, int count);

    /// Rounds to BF16 values, see `GradientKernels.roundToBf16`.
    void roundToBf16(long x, int count);

    /// Computes a step of `GradientKernels.adam`.
    void adam(long w, long m, long v, long g, int count, AdamStep step);

    /// The values of one row of a norm, in native memory for machine code: mean and offset, sums over the row, and the
    /// factors of its gradient. Offsets are in bytes.
    final class NormFactors {
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
}
