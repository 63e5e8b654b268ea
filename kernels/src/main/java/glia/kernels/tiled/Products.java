package glia.kernels.tiled;

import glia.tensor.Matrix;
import glia.tensor.Tensor;

/// GEMM with F32 accuracy: `linear` for many tokens and both of its gradients. Parameters are those of the methods in
/// `Kernels`.
public interface Products {
    /// See `Kernels.linear`.
    void linear(Tensor y, Tensor x, Matrix w);

    /// See `Kernels.linearPacked`.
    default void linearPacked(Tensor y, Tensor x, Matrix w) {
        linear(y, x, w);
    }

    /// See `Kernels.linearBackwardInput`.
    void linearBackwardInput(Tensor dx, Tensor dy, Matrix w);

    /// See `Kernels.linearBackwardWeight`.
    void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x);

    /// BF16 GEMM: `linear` and both of its gradients with factors rounded to BF16 and F32 accumulation
    /// (https://arxiv.org/abs/1905.12322). Parameters are those of the methods in `Kernels`.
    interface Bf16Products {
        /// See `Kernels.linearBf16`.
        void linear(Tensor y, Tensor x, Tensor w);

        /// See `Kernels.linearBf16Packed`: the panels of w are cached if there is memory for them.
        void linearPacked(Tensor y, Tensor x, Tensor w);

        /// The batch-invariant form with the same cached panels, in which `linear` and `linearPacked` give the same
        /// bits.
        default Bf16Products batchInvariant() {
            return this;
        }

        /// See `Kernels.linearBackwardInputBf16`.
        void linearBackwardInput(Tensor dx, Tensor dy, Tensor w);

        /// See `Kernels.linearBackwardWeightBf16`.
        void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x);
    }
}
