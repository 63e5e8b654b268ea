package glia.tensor.ops;

import glia.tensor.Tensor;

/// An operation with one activation x as its only differentiable input.
public interface UnaryOperation extends Operation {
    /// The input.
    Tensor x();

    @Override
    default void inputs(Inputs inputs) {
        inputs.activations(x());
    }
}
