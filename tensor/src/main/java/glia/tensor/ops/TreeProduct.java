package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Matrix multiplication with a weight whose columns are cut into eight parts, of which each of 1, 2, 4 or 8 ranks has
/// as many. Products of parts are added as a balanced tree, `((0+1)+(2+3))+((4+5)+(6+7))`, so that the result has the
/// same bits on any number of ranks (https://arxiv.org/abs/2511.17826).
///
/// For N rows of a result with R columns each of P ranks sends `2 · (P - 1)/P · 4 · N · R` bytes.
public final class TreeProduct {
    /// The number of parts of all ranks.
    public static final int PARTS = 8;

    private final RankGroup ranks;
    private final List<Weight.Plain> parts;

    /// @param ranks each of which has as many parts
    /// @param parts this rank's, in their order
    public TreeProduct(RankGroup ranks, List<Weight.Plain> parts) {
        if (ranks.size() * parts.size() != PARTS) {
            throw new IllegalArgumentException(parts.size() + " parts on each of " + ranks.size() + " ranks, expected "
                    + PARTS + " in all");
        }
        this.ranks = ranks;
        this.parts = List.copyOf(parts);
    }

    /// The first of `count` columns or rows that belong to a part.
    public static int start(int count, int part) {
        return (int) ((long) count * part / PARTS);
    }

    /// Computes `y = x · wᵀ` of all ranks.
    ///
    /// @param x the columns of this rank's parts
    Tensor multiply(Compute ops, Tensor x) {
        int cols = parts.getFirst().rows();
        Tensor y = ops.allocate(x.rows(), cols);
        int mark = ops.mark();
        Tensor[] sums = new Tensor[parts.size()];
        int from = 0;
        for (int i = 0; i < sums.length; i++) {
            Weight part = parts.get(i);
            Tensor input = ops.allocate(x.rows(), part.cols());
            for (long row = 0; row < x.rows(); row++) {
                MemorySegment.copy(x.memory(), row * x.rowBytes() + 4L * from, input.memory(), row * input.rowBytes(),
                        input.rowBytes());
            }
            input.changed();
            from += part.cols();
            sums[i] = ops.allocate(x.rows(), cols);
            ops.products().multiply(sums[i], input, part);
        }
        Compute.require(from == x.cols(), "linear", x, from);
        addTree(ops.kernels(), sums);
        y.copyFrom(sums[0]);
        if (ranks.size() > 1) {
            addRanks(ops, y);
        }
        ops.release(mark);
        return y;
    }

    /// Adds to the first all others.
    private static void addTree(Kernels kernels, Tensor[] sums) {
        for (int step = 1; step < sums.length; step *= 2) {
            for (int i = 0; i + step < sums.length; i += 2 * step) {
                kernels.add(sums[i], sums[i], sums[i + step], 1);
            }
        }
    }

    /// Each rank adds a slice of what all have, and gets the other slices.
    private void addRanks(Compute ops, Tensor y) {
        List<MemorySegment> slices = new ArrayList<>();
        for (int p = 0; p < ranks.size(); p++) {
            long start = y.size() * p / ranks.size();
            slices.add(y.memory().asSlice(4 * start, 4 * (y.size() * (p + 1) / ranks.size() - start)));
        }
        MemorySegment own = slices.get(ranks.rank());
        int count = (int) (own.byteSize() / 4);
        Tensor[] sums = new Tensor[ranks.size()];
        List<MemorySegment> receive = new ArrayList<>();
        for (int p = 0; p < sums.length; p++) {
            sums[p] = ops.allocate(1, Math.max(1, count)).view(0, DType.F32, 1, count);
            receive.add(sums[p].memory());
        }
        ranks.allToAll(slices, receive);
        if (count > 0) {
            addTree(ops.kernels(), sums);
        }
        own.copyFrom(sums[0].memory());
        ranks.allGather(slices);
        y.changed();
    }
}
