package glia.tensor.ops.row;

import glia.tensor.Tensor;
import glia.tensor.kernel.Vectors;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Ranges;
import glia.tensor.ops.Tape;
import java.lang.foreign.MemorySegment;

/// Concatenates two matrices group by group: `[N, G·a]` and `[N, G·b]` give `[N, G·(a + b)]`. If b has a single group,
/// it is repeated for every group, as in latent attention, where all heads share the rotated part of the keys.
///
/// @param numGroups G, the groups of a
/// @param shared whether b has one group for all
public record ConcatColumns(Tensor a, Tensor b, int numGroups, boolean shared)
        implements Operation.ReadsNothing {
    public ConcatColumns {
        Compute.require(a.rows() == b.rows() && numGroups > 0 && a.cols() % numGroups == 0
                && (shared || b.cols() % numGroups == 0), "joined", a, b);
    }

    private int left() {
        return a.cols() / numGroups;
    }

    private int right() {
        return shared ? b.cols() : b.cols() / numGroups;
    }

    /// The address offset of the part of b for a row and group.
    private long from(int n, int group) {
        return (long) n * b.cols() + (shared ? 0 : (long) group * right());
    }

    @Override
    public Tensor forward(Compute ops) {
        int width = left() + right();
        Tensor y = ops.allocate(a.rows(), numGroups * width);
        Ranges.run(ops.kernels().workers(), a.rows(), y.cols(), (first, end) -> {
            for (int n = first; n < end; n++) {
                for (int g = 0; g < numGroups; g++) {
                    long group = (long) n * numGroups + g;
                    MemorySegment.copy(a.memory(), 4 * group * left(), y.memory(), 4 * group * width, 4L * left());
                    MemorySegment.copy(b.memory(), 4 * from(n, g), y.memory(), 4 * (group * width + left()),
                            4L * right());
                }
            }
        });
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(a, b);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor da = tape.gradient(a);
        Tensor db = tape.gradient(b);
        Tensor dy = tape.gradient(y);
        int width = left() + right();
        Ranges.run(tape.kernels().workers(), a.rows(), 2L * y.cols(), (first, end) -> {
            for (int n = first; n < end; n++) {
                for (int g = 0; g < numGroups; g++) {
                    long group = (long) n * numGroups + g;
                    long at = dy.address() + 4 * group * width;
                    Vectors.addScaled(da.address() + 4 * group * left(), at, 1, left());
                    Vectors.addScaled(db.address() + 4 * from(n, g), at + 4L * left(), 1, right());
                }
            }
        });
    }
}
