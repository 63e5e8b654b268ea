package glia.tensor.ops;

import glia.tensor.Tensor;

/// An operation with its formula and its gradient in one file, for everything that is not among the few of `Ops` that
/// every model uses. `Ops.apply` runs it.
///
/// An object serves one application: it holds its inputs, and `forward` may leave in it what `backward` needs.
public interface Operation {
    /// Computes the result, a new F32 matrix of the workspace. Throws `IllegalArgumentException` where shapes do not
    /// fit.
    Tensor forward(Compute ops);

    /// Adds to the gradients of the inputs what flows back from the gradient of y, the result of `forward`.
    void backward(Tape tape, Tensor y);
}
