package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;

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
