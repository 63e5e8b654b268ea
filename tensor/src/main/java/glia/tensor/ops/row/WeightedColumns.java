package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.ops.ChannelBlocks;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// `y[n,i] = x[n,i] · w[i]` with a learned factor for each column.
public record WeightedColumns(Tensor x, Weight w) implements Operation.ReadsInputs {
    public WeightedColumns {
        Compute.require(Compute.stored(w).size() == x.cols(), "weighted columns", x, Compute.stored(w));
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(x.rows(), x.cols());
        float[] factors = ChannelBlocks.numbers(w);
        Ranges.run(ops.kernels().workers(), x.rows(), x.cols(), (from, to) -> {
            for (long i = (long) from * x.cols(); i < (long) to * x.cols(); i++) {
                y.set(i, x.get(i) * factors[(int) (i % x.cols())]);
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
        inputs.weights(w);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dw = tape.gradient(w);
        Tensor dy = tape.gradient(y);
        float[] factors = ChannelBlocks.numbers(w);
        double[] sums = new double[factors.length];
        for (long i = 0; i < x.size(); i++) {
            int column = (int) (i % x.cols());
            dx.set(i, dx.get(i) + dy.get(i) * factors[column]);
            sums[column] += (double) dy.get(i) * x.get(i);
        }
        for (int i = 0; i < sums.length; i++) {
            dw.set(i, dw.get(i) + (float) sums[i]);
        }
    }
}
