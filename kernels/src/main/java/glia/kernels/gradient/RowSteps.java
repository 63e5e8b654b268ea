package glia.kernels.gradient;

import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AdamStep;

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
}
