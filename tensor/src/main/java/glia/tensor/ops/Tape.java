package glia.tensor.ops;

import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;

/// The gradients and kernels available to the backward pass of an operation.
public interface Tape {
    /// Whether the gradient of an activation is needed. Operations should skip the work for one that is not.
    boolean needs(Tensor activation);

    /// Whether a weight, or a part of it, is trainable. Operations should skip the work for a frozen one.
    boolean needs(Weight weight);

    /// The gradient of an activation, initially zero, to be added to. If it is not needed, this is scratch memory whose
    /// contents are discarded.
    Tensor gradient(Tensor activation);

    /// The gradient of a weight, of the weight's shape. If the weight is frozen, this is scratch memory whose contents
    /// are discarded. A weight with an adapter has no gradient of its own; its parts do (see `products`).
    Tensor gradient(Weight weight);

    /// Computes `gradient(activation) += scale · d`, if that gradient is needed.
    void add(Tensor activation, Tensor d, float scale);

    /// Allocates an uninitialized F32 matrix, valid until the backward pass of the operation ends.
    Tensor scratch(int rows, int cols);

    /// Gradients of matrix multiplication with weights, in the precision of the recording.
    WeightProducts products();

    Kernels kernels();
}
