package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// `y = x · wᵀ`: see `Ops.linear`.
///
/// @param roundsToBf16 whether mixed precision rounds the result
public record Linear(Tensor x, Weight w, boolean roundsToBf16) implements Operation.ReadsInputs {
    public Linear(Tensor x, Weight w) {
        this(x, w, true);
    }

    @Override
    public Tensor forward(Compute ops) {
        return ops.linear(x, w);
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(w);
    }

    /// `dw += dyᵀ · x`, `dx += dy · w`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dy = tape.gradient(y);
        tape.products().addWeightGradient(tape, w, dy, x);
        if (tape.needs(x)) {
            tape.products().addInputGradient(tape.gradient(x), dy, w);
        }
    }

    /// The product of two activations, `y = a · bᵀ`: `[N, D]` and `[M, D]` to `[N, M]`, such as the dot products of all
    /// pairs of embeddings. Always F32.
    public record MatrixProduct(Tensor a, Tensor b) implements Operation {
        public MatrixProduct {
            Compute.require(a.cols() == b.cols(), "matrix product", a, b);
        }

        @Override
        public Tensor forward(Compute ops) {
            Tensor y = ops.allocate(a.rows(), b.rows());
            ops.kernels().linear(y, a, view(b));
            return y;
        }

        /// A new view: backends keep packed forms of matrices for as long as the object lives.
        private static Tensor view(Tensor x) {
            return x.rows(0, x.rows());
        }

        @Override
        public void inputs(Inputs inputs) {
            inputs.activations(a, b);
        }

        @Override
        public void backward(Tape tape, Tensor y) {
            Tensor dy = tape.gradient(y);
            if (tape.needs(a)) {
                tape.kernels().linearBackwardInput(tape.gradient(a), dy, view(b));
            }
            if (tape.needs(b)) {
                tape.kernels().linearBackwardWeight(tape.gradient(b), dy, a);
            }
        }
    }
}
