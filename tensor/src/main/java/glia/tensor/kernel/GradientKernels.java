package glia.tensor.kernel;

import glia.tensor.Tensor;

/// The row-wise gradients of a kernel backend: norms, activations, sums of rows, softmax. All tensors are F32. Results
/// are added to what is there unless said otherwise, and do not depend on the number of threads.
public interface GradientKernels {
    /// The gradient of `Kernels.rmsNorm`. With `r = 1/√(mean(x²) + eps)` and `g = dy · (w + offset)`:
    /// `dx += r · (g - x · r² · mean(g · x))`, `dw += Σ_n dy · x · r`.
    ///
    /// @param dw F32 of the size of w, or null where it is not wanted
    void rmsNormBackward(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps, float offset);

    /// The gradient of `Kernels.layerNorm`. With `z = (x - mean) · r` and `g = dy · w`:
    /// `dx += r · (g - mean(g) - z · mean(g · z))`, `dw += Σ_n dy · z`. That of the bias is `sumRows`.
    ///
    /// @param dw F32 of the size of w, or null where it is not wanted
    void layerNormBackward(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps);

    /// The gradient of `Kernels.gated`: `dgate += dy · up · f'(gate)`, `dup += dy · f(gate)`.
    void gatedBackward(Tensor dgate, Tensor dup, Tensor dy, Tensor gate, Tensor up, Activation f);

    /// The gradient of `Kernels.activate`: `dx += dy · f'(x)`.
    void activateBackward(Tensor dx, Tensor dy, Tensor x, Activation f);

    /// `sum += Σ_n x[n,:]`, the gradient of `Kernels.addRow` for its row; x is seen as rows of the length of `sum`.
    void sumRows(Tensor sum, Tensor x);

    /// `y[ids[n],:] += x[n,:]` for the first `count` ids, the gradient of `Kernels.gather`; rows that share an id are
    /// added in their order.
    ///
    /// @param frozenRow the row of y that stays as it is, -1 for none
    void scatterAdd(Tensor y, Tensor x, int[] ids, int count, int frozenRow);

    /// For each row `logSumExp[n] = ln Σ_v exp(z[n,v])` and the entropy of its softmax,
    /// `entropy[n] = -Σ_v p · ln p` with `p = exp(z[n,v] - logSumExp[n])`. Numbers of -∞ have no part in either.
    ///
    /// @param logSumExp `[N]`
    /// @param entropy `[N]`, or null where it is not wanted
    void softmaxSums(Tensor logSumExp, Tensor entropy, Tensor z);

    /// `dz[n,v] = p · (a[n] + b[n] · ln p)`, `p = exp(z[n,v] - logSumExp[n])`: what gradients of functions of the
    /// softmax are made of. Of `logSumExp` it is `a = 1, b = 0`; of the entropy `a = -entropy, b = -1`.
    ///
    /// @param dz `[N, V]`, may be z where nothing is added
    /// @param a `[N]`
    /// @param b `[N]`
    /// @param add whether `dz` is added to
    void softmaxBackward(Tensor dz, Tensor z, Tensor logSumExp, Tensor a, Tensor b, boolean add);
}
