package glia.tensor.kernel;

import glia.tensor.Tensor;

/// The row-wise gradients of a kernel backend: norms, activations, sums of rows, softmax; and what an optimizer does
/// with the gradients of weights. All tensors are F32. Results are added to the outputs unless said otherwise, and do
/// not depend on the number of threads.
public interface GradientKernels {
    /// Computes the gradient of `Kernels.rmsNorm`. With `r = 1/√(mean(x²) + eps)` and `g = dy · (w + offset)`: `dx += r
    /// · (g - x · r² · mean(g · x))`, `dw += Σ_n dy · x · r`.
    ///
    /// @param dw F32 of the size of w, or null to skip it
    void rmsNormBackward(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps, float offset);

    /// Computes the gradient of `Kernels.layerNorm`. With `z = (x - mean) · r` and `g = dy · w`: `dx += r · (g -
    /// mean(g) - z · mean(g · z))`, `dw += Σ_n dy · z`. `sumRows` gives the gradient of the bias.
    ///
    /// @param dw F32 of the size of w, or null to skip it
    void layerNormBackward(Tensor dx, Tensor dw, Tensor dy, Tensor x, Tensor w, float eps);

    /// Computes the gradient of `Kernels.gated`: `dgate += dy · up · f'(gate)`, `dup += dy · f(gate)`.
    void gatedBackward(Tensor dgate, Tensor dup, Tensor dy, Tensor gate, Tensor up, Activation f);

    /// Computes the gradient of `Kernels.activate`: `dx += dy · f'(x)`.
    void activateBackward(Tensor dx, Tensor dy, Tensor x, Activation f);

    /// Computes `sum += Σ_n x[n,:]`, the gradient of `Kernels.addRow` for its row; x is read as rows of the length of
    /// `sum`.
    void sumRows(Tensor sum, Tensor x);

    /// Computes `y[ids[n],:] += x[n,:]` for the first `count` ids, the gradient of `Kernels.gather`. Rows with the same
    /// id are added in order.
    ///
    /// @param frozenRow the row of y that does not change, -1 for none
    void scatterAdd(Tensor y, Tensor x, int[] ids, int count, int frozenRow);

    /// Computes for each row `logSumExp[n] = ln Σ_v exp(z[n,v])` and the entropy of its softmax, `entropy[n] = -Σ_v p ·
    /// ln p` with `p = exp(z[n,v] - logSumExp[n])`. Values of -∞ contribute to neither.
    ///
    /// @param logSumExp `[N]`
    /// @param entropy `[N]`, or null to skip it
    void softmaxSums(Tensor logSumExp, Tensor entropy, Tensor z);

    /// Computes `dz[n,v] = p · (a[n] + b[n] · ln p)`, `p = exp(z[n,v] - logSumExp[n])`, the building block of gradients
    /// of functions of the softmax. The gradient of `logSumExp` has `a = 1, b = 0`, that of the entropy `a = -entropy,
    /// b = -1`.
    ///
    /// @param dz `[N, V]`, may be z unless `add`
    /// @param a `[N]`
    /// @param b `[N]`
    /// @param add whether the result is added to `dz`
    void softmaxBackward(Tensor dz, Tensor z, Tensor logSumExp, Tensor a, Tensor b, boolean add);

    // ---- optimizer -----------------------------------------------------------------------------------------------

    /// Updates a weight and both of its moments in one pass over memory, in F32 without fused multiply-add, so that all
    /// backends compute the same bits:
    ///
    /// ```
    /// g' = gradientScale·g + decay·w
    /// m ← keep1·m + add1·g'        v ← keep2·v + add2·g'·g'
    /// w ← keepWeight·w - rate·m / (√v·root + epsilon)
    /// ```
    void adam(Tensor w, Tensor m, Tensor v, Tensor g, AdamStep step);

    /// Returns `Σ x²` over all elements, in F64.
    double sumOfSquares(Tensor x);

    /// Sets all elements to 0.
    void zero(Tensor x);

    // ---- mixed precision -----------------------------------------------------------------------------------------

    /// Rounds all elements to BF16 values, half to even. NaN stays NaN, quiet and with its sign.
    void roundToBf16(Tensor x);

    /// The factors of one step of Adam or AdamW, with the bias corrections folded in. See [GradientKernels#adam].
    ///
    /// @param gradientScale factor of the gradient, such as that of clipping
    /// @param decay λ of Adam's L2 term: the gradient gets `decay · w`
    /// @param keep1 β₁
    /// @param add1 1 - β₁
    /// @param keep2 β₂
    /// @param add2 1 - β₂
    /// @param rate `η / (1 - β₁ᵗ)`
    /// @param root `1 / √(1 - β₂ᵗ)`
    /// @param epsilon ε
    /// @param keepWeight `1 - η · λ` of AdamW's decoupled decay
    record AdamStep(float gradientScale, float decay, float keep1, float add1, float keep2, float add2, float rate,
            float root, float epsilon, float keepWeight) {
        /// The factors of a step.
        ///
        /// @param step 1 for the first
        /// @param decay λ as a term of the gradient
        /// @param keepWeight factor of the weight before the step
        public static AdamStep of(double beta1, double beta2, double epsilon, double learningRate, long step,
                float gradientScale, float decay, float keepWeight) {
            return new AdamStep(gradientScale, decay, (float) beta1, (float) (1 - beta1), (float) beta2,
                    (float) (1 - beta2), (float) (learningRate / (1 - Math.pow(beta1, step))),
                    (float) (1 / Math.sqrt(1 - Math.pow(beta2, step))), (float) epsilon, keepWeight);
        }
    }
}
