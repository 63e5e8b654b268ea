package glia.tensor.ops;

import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;

/// What the backward pass of an operation may reach.
public interface Tape {
    /// The gradient of an activation, zero at first. To add to it is to let it flow back.
    Tensor gradient(Tensor activation);

    /// The gradient of a weight, of the weight's shape.
    Tensor gradient(Weight weight);

    /// `gradient(activation) += scale · d`.
    void add(Tensor activation, Tensor d, float scale);

    /// An F32 matrix that lives until the backward pass has ended; its numbers are whatever was there.
    Tensor scratch(int rows, int cols);

    Kernels kernels();
}
