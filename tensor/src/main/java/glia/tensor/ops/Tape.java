package glia.tensor.ops;

import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;

/// What the backward pass of an operation may reach.
public interface Tape {
    /// Whether anybody wants the gradient of an activation. Work for one that nobody wants should be left out.
    boolean needs(Tensor activation);

    /// Whether a weight, or a part of it, is trainable. Work for the gradient of a frozen one should be left out.
    boolean needs(Weight weight);

    /// The gradient of an activation, zero at first. To add to it is to let it flow back. Where nobody wants it, it is
    /// memory like `scratch`, and what is added is lost.
    Tensor gradient(Tensor activation);

    /// The gradient of a weight, of the weight's shape. Where the weight is frozen, it is memory like `scratch`, and
    /// what is added is lost. A weight with an adapter has none of its own: its parts have (`products`).
    Tensor gradient(Weight weight);

    /// `gradient(activation) += scale · d`, where that is wanted.
    void add(Tensor activation, Tensor d, float scale);

    /// An F32 matrix that lives until the backward pass of the operation has ended; its numbers are whatever was there.
    Tensor scratch(int rows, int cols);

    /// Gradients of products with weights, in the precision of the recording.
    WeightProducts products();

    Kernels kernels();
}
