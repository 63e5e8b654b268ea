package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.ArrayMath;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;

/// `y[n,i] = x[n,i] · factors[i]` with constant factors.
public record ScaledColumns(Tensor x, float[] factors) implements UnaryOperation {
    public ScaledColumns {
        Compute.require(factors.length == x.cols(), "scaled columns", x, factors.length);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
            float[] row = new float[factors.length];
            for (int n = from; n < to; n++) {
                ChannelBlocks.load(x, n, 0, row, row.length);
                ArrayMath.multiply(row, row, factors, row.length);
                ChannelBlocks.store(row, y, n, 0, row.length);
            }
        });
        return y;
    }

    @Override
    public Operation owned() {
        return new ScaledColumns(x, factors.clone());
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        Ranges.run(tape.kernels().workers(), x.rows(), 2L * x.cols(), (from, to) -> {
            float[] row = new float[factors.length];
            for (int n = from; n < to; n++) {
                ChannelBlocks.load(dy, n, 0, row, row.length);
                ArrayMath.multiply(row, row, factors, row.length);
                ChannelBlocks.add(row, dx, n, 0, row.length);
            }
        });
    }
}
