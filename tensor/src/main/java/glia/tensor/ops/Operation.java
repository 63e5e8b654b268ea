package glia.tensor.ops;

import glia.tensor.Tensor;
import java.util.Collection;

/// An operation with its formula and its gradient in one place. `Ops.apply` runs it; a `Recorder` makes one of each of
/// its ops.
///
/// An object serves one application: it holds its inputs, and `forward` may leave in it what `backward` needs.
public interface Operation {
    /// Computes the result, a new F32 matrix of the workspace or one of the inputs as it is. Throws
    /// `IllegalArgumentException` where shapes do not fit.
    Tensor forward(Compute ops);

    /// Names all that gradients flow back to. Where none of it wants a gradient, the operation is not recorded.
    void inputs(Inputs inputs);

    /// Adds to the gradients of the inputs what flows back from the gradient of y, the result of `forward`.
    void backward(Tape tape, Tensor y);

    /// This operation with copies of its own of everything that its maker may change before `backward`: run boundaries
    /// and lists. Asked for before `forward`.
    default Operation owned() {
        return this;
    }

    /// Is shown the inputs of an operation.
    interface Inputs {
        void activations(Tensor... xs);

        void weights(Weight... ws);

        default void weights(Collection<Weight> ws) {
            ws.forEach(this::weights);
        }
    }
}
