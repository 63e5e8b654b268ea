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
}
