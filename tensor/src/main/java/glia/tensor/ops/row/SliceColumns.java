package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import glia.tensor.ops.UnaryOperation;
import java.lang.foreign.MemorySegment;

/// Slices columns `from` to `from + count` of each group of `groupSize` columns: `[N, G·groupSize]` to `[N, G·count]`.
/// One group of the row's width splits a fused projection; one group a head slices each head.
public record SliceColumns(Tensor x, int groupSize, int from, int count)
        implements UnaryOperation, Operation.ReadsNothing {
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
        Ranges.run(ops.kernels().workers(), x.rows(), y.cols(), (first, end) -> {
            for (long p = (long) first * numGroups; p < (long) end * numGroups; p++) {
                MemorySegment.copy(x.memory(), 4 * (p * groupSize + from), y.memory(), 4 * p * count, 4L * count);
            }
        });
        return y;
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor dx = tape.gradient(x);
        Tensor dy = tape.gradient(y);
        int numGroups = x.cols() / groupSize;
        Ranges.run(tape.kernels().workers(), x.rows(), 2L * y.cols(), (first, end) -> {
            for (long p = (long) first * numGroups; p < (long) end * numGroups; p++) {
                Vectors.addScaled(dx.address() + 4 * (p * groupSize + from), dy.address() + 4 * p * count, 1, count);
            }
        });
    }
}
