package glia.kernels.gradient;

import glia.tensor.kernel.Activation;

/// What a backend computes over consecutive F32 numbers, given by address, for the loops of `RowGradients`. An object
/// serves one thread. Nothing is checked here.
public interface RowSteps {
    /// Numbers that one call gets at most.
    int MOST = 8192;

    /// `Σ x`
    double sum(long x, int count);

    /// Adds to the sums of `factors` what `NormFactors` says of them.
    ///
    /// @param factors the address of `NormFactors`, of which mean and offset are set
    void normSums(long x, long dy, long w, int count, long factors);

    /// `dx += r · dy · (w + offset) - pull · (x - mean) - shift`, `dw += dy · (x - mean) · r`
    ///
    /// @param factors the address of `NormFactors`
    void normGradient(long dx, long dw, long dy, long x, long w, int count, long factors);

    /// `y += x`
    void add(long y, long x, int count);

    /// `dx += dy · f'(x)`
    void activation(Activation f, long dx, long dy, long x, int count);

    /// `dgate += dy · up · f'(gate)`, `dup += dy · f(gate)`
    void gated(Activation f, long dgate, long dup, long dy, long gate, long up, int count);

    /// The largest number; -∞ where there is none but NaN.
    float largest(long x, int count);

    /// `Σ e^(x - shift)` for numbers of which none is above `shift`.
    double exponentials(long x, int count, float shift);

    /// `Σ e^(x - shift) · (x - shift)` for numbers of which none is above `shift`; those of -∞ add nothing.
    double products(long x, int count, float shift);

    /// `y = p · (a + b · ln p)` with `ln p = x - shift`, or that added to y. Where nothing is added, y may be x.
    void softmaxSlopes(long y, long x, int count, float shift, float a, float b, boolean add);
}
