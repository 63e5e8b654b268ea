package glia.tensor.ops;

import glia.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// Takes columns `from` to `from + count` of each group of `groupSize` columns: `[N, G·groupSize]` to `[N, G·count]`.
/// With one group as wide as the row this cuts a fused projection, with one group a head it cuts each head.
public record SliceColumns(Tensor x, int groupSize, int from, int count) implements Operation {
    /// Columns `from` to `from + count` of x.
    public static SliceColumns of(Tensor x, int from, int count) {
        return new SliceColumns(x, x.cols(), from, count);
    }

    public SliceColumns {
        Compute.require(groupSize > 0 && x.cols() % groupSize == 0 && from >= 0 && count >= 0
                && from + count <= groupSize, "columns", x, from + " + " + count + " of " + groupSize);
    }

    @Override
    public Tensor forward(Compute ops) {
        int numGroups = x.cols() / groupSize;
        Tensor y = ops.allocate(x.rows(), numGroups * count);
        long pieces = (long) x.rows() * numGroups;
        for (long p = 0; p < pieces; p++) {
            MemorySegment.copy(x.memory(), 4 * (p * groupSize + from), y.memory(), 4 * p * count, 4L * count);
        }
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(x);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        for (long i = 0; i < y.size(); i++) {
            long at = i / count * groupSize + from + i % count;
            dx.set(at, dx.get(at) + dy.get(i));
        }
    }
}
