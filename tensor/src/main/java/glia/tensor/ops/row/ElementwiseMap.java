package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import java.util.function.DoubleUnaryOperator;

/// `y = f(x)`, elementwise in F64, for a function with a given derivative. Meant for losses; model layers have kernels.
///
/// @param derivative f'
public record ElementwiseMap(Tensor x, DoubleUnaryOperator f, DoubleUnaryOperator derivative)
        implements UnaryOperation {
    /// Approximate cost of a function, in multiplications.
    private static final long COST = 20;

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        Ranges.run(ops.kernels().workers(), x.rows(), COST * x.cols(), (from, to) -> {
            for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                y.set(i, (float) f.applyAsDouble(x.get(i)));
            }
        });
        return y;
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Ranges.run(tape.kernels().workers(), x.rows(), COST * x.cols(), (from, to) -> {
            for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                if (dy.get(i) != 0) {
                    dx.set(i, (float) (dx.get(i) + dy.get(i) * derivative.applyAsDouble(x.get(i))));
                }
            }
        });
    }
}
