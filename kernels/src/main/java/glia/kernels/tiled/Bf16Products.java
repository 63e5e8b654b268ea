package glia.kernels.tiled;

import glia.tensor.Tensor;

/// `linear` and both of its gradients with both factors rounded to BF16 and sums in F32
/// (https://arxiv.org/abs/1905.12322). What the parameters are, and that gradients are added, `Kernels` says.
public interface Bf16Products {
    /// See `Kernels.linearBf16`.
    void linear(Tensor y, Tensor x, Tensor w);

    /// See `Kernels.linearBf16Packed`: the panels of w are kept where there is memory for them.
    void linearPacked(Tensor y, Tensor x, Tensor w);

    /// The same with the same kept panels, where `linear` and `linearPacked` give the same bits.
    default Bf16Products batchInvariant() {
        return this;
    }

    /// See `Kernels.linearBackwardInputBf16`.
    void linearBackwardInput(Tensor dx, Tensor dy, Tensor w);

    /// See `Kernels.linearBackwardWeightBf16`.
    void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x);
}
