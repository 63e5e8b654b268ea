package glia.tensor.ops;

import glia.tensor.Tensor;
import java.util.Collection;

/// An operation with its formula and its gradient. `Ops.apply` runs it; each op of a `Recorder` is one.
///
/// An object is applied once: it holds its inputs, and `forward` may store in it what `backward` needs.
public interface Operation {
    /// Computes the result: a new F32 matrix of the workspace or one of the inputs unchanged.
    ///
    /// @throws IllegalArgumentException if shapes do not fit
    Tensor forward(Compute ops);

    /// Lists all inputs that have gradients. The operation is recorded only if one of them needs its gradient.
    void inputs(Inputs inputs);

    /// Adds to the gradients of the inputs, given the gradient of y, the result of `forward`.
    void backward(Tape tape, Tensor y);

    /// Returns this operation with its own copies of mutable arguments, such as run boundaries and lists, which the
    /// caller may change before `backward`. Called before `forward`.
    default Operation owned() {
        return this;
    }

    /// Returns this operation as ranks compute it together: itself, if each computes it alone.
    default Operation among(RankProducts ranks) {
        return this;
    }

    /// Whether mixed precision rounds the result to BF16. For results that matrix multiplications and attention read;
    /// sums along the residual stream, logarithms and states of recurrences stay F32.
    default boolean roundsToBf16() {
        return false;
    }

    /// The values that `backward` reads. The others need not be kept for it.
    default Reads backwardReads() {
        return Reads.INPUTS_AND_RESULT;
    }

    /// Values of an operation.
    enum Reads {
        INPUTS_AND_RESULT, INPUTS, RESULT, NOTHING;

        /// Whether the inputs are among them.
        public boolean inputs() {
            return this == INPUTS_AND_RESULT || this == INPUTS;
        }

        /// Whether the result is.
        public boolean result() {
            return this == INPUTS_AND_RESULT || this == RESULT;
        }
    }

    /// An operation whose result mixed precision rounds to BF16.
    interface Rounded extends Operation {
        @Override
        default boolean roundsToBf16() {
            return true;
        }
    }

    /// An operation whose `backward` reads its inputs, but not its result.
    interface ReadsInputs extends Operation {
        @Override
        default Reads backwardReads() {
            return Reads.INPUTS;
        }
    }

    /// An operation whose `backward` reads neither its inputs nor its result.
    interface ReadsNothing extends Operation {
        @Override
        default Reads backwardReads() {
            return Reads.NOTHING;
        }
    }

    /// Receives the inputs of an operation.
    interface Inputs {
        void activations(Tensor... xs);

        void weights(Weight... ws);

        default void weights(Collection<Weight> ws) {
            ws.forEach(this::weights);
        }
    }
}
