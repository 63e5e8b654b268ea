package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// Soft cap: `y = cap · tanh(x / cap)`, which keeps values within ±cap. https://arxiv.org/abs/2408.00118
public record SoftCap(Tensor x, float cap) implements UnaryOperation {
    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        ops.kernels().scale(y, x, 1 / cap);
        ops.kernels().activate(y, y, Activation.TANH);
        ops.kernels().scale(y, y, cap);
        return y;
    }

    /// `dx += dy · (1 - (y / cap)²)`.
    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Ranges.run(tape.kernels().workers(), y.rows(), 2L * y.cols(), (from, to) -> {
            for (long i = (long) from * y.cols(); i < (long) to * y.cols(); i++) {
                float share = y.get(i) / cap;
                dx.set(i, dx.get(i) + dy.get(i) * (1 - share * share));
            }
        });
    }
}
