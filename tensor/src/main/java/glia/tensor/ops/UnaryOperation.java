package glia.tensor.ops;

import glia.tensor.Tensor;

/// An operation whose gradient flows to one activation x and to no weight.
public interface UnaryOperation extends Operation {
    /// The input.
    Tensor x();

    @Override
    default void inputs(Inputs inputs) {
        inputs.activations(x());
    }
}
