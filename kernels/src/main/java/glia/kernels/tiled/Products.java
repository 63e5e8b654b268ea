package glia.kernels.tiled;

import glia.tensor.Matrix;
import glia.tensor.Tensor;

/// `linear` for many tokens and both of its gradients, as exact as sums in F32 are. What the parameters are, and that
/// gradients are added, `Kernels` says.
public interface Products {
    /// See `Kernels.linear`.
    void linear(Tensor y, Tensor x, Matrix w);

    /// See `Kernels.linearBackwardInput`.
    void linearBackwardInput(Tensor dx, Tensor dy, Matrix w);

    /// See `Kernels.linearBackwardWeight`.
    void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x);
}
