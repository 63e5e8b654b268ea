package glia.tensor.ops;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// A sum of matrices, of which each of 1, 2, 4 or 8 ranks has as many, as a balanced tree,
/// `((0+1)+(2+3))+((4+5)+(6+7))`, so that it has the same bits on any number of ranks
/// (https://arxiv.org/abs/2511.17826).
///
/// For a matrix of n elements each of P ranks sends `2 · (P - 1)/P · 4n` bytes. Where sums are scattered, a rank gets
/// its rows of them alone (`RowParts`), for half of the bytes.
record TreeSum(RankGroup ranks, boolean scatters) {
    /// The rows of a result on this rank.
    RowParts rows() {
        return scatters ? new RowParts(ranks) : RowParts.ALL;
    }

    /// Where matrices for a short time come from.
    interface Scratch {
        Tensor allocate(int rows, int cols);
    }

    /// Adds to the first all others, and those of the other ranks.
    void add(Kernels kernels, Scratch scratch, Tensor... parts) {
        addTree(kernels, parts);
        if (ranks.size() > 1) {
            addRanks(kernels, scratch, parts[0]);
        }
    }

    private static void addTree(Kernels kernels, Tensor... sums) {
        for (int step = 1; step < sums.length; step *= 2) {
            for (int i = 0; i + step < sums.length; i += 2 * step) {
                kernels.add(sums[i], sums[i], sums[i + step], 1);
            }
        }
    }

    /// Each rank adds a slice of what all have, and gets the other slices.
    private void addRanks(Kernels kernels, Scratch scratch, Tensor y) {
        List<MemorySegment> slices = scatters ? rows().slices(y) : elements(y);
        MemorySegment own = slices.get(ranks.rank());
        int count = (int) (own.byteSize() / 4);
        Tensor[] sums = new Tensor[ranks.size()];
        List<MemorySegment> receive = new ArrayList<>();
        for (int p = 0; p < sums.length; p++) {
            sums[p] = scratch.allocate(1, Math.max(1, count)).view(0, DType.F32, 1, count);
            receive.add(sums[p].memory());
        }
        ranks.allToAll(slices, receive);
        if (count > 0) {
            addTree(kernels, sums);
        }
        own.copyFrom(sums[0].memory());
        if (!scatters) {
            ranks.allGather(slices);
        }
        y.changed();
    }

    private List<MemorySegment> elements(Tensor y) {
        List<MemorySegment> slices = new ArrayList<>();
        for (int p = 0; p < ranks.size(); p++) {
            long start = y.size() * p / ranks.size();
            slices.add(y.memory().asSlice(4 * start, 4 * (y.size() * (p + 1) / ranks.size() - start)));
        }
        return slices;
    }

    /// Copies columns from `start` on, as many as `to` has.
    static void copyColumns(Tensor from, int start, Tensor to) {
        for (long row = 0; row < from.rows(); row++) {
            MemorySegment.copy(from.memory(), row * from.rowBytes() + 4L * start, to.memory(), row * to.rowBytes(),
                    to.rowBytes());
        }
        to.changed();
    }

    /// Copies a matrix to columns from `start` on.
    static void copyToColumns(Tensor from, Tensor to, int start) {
        for (long row = 0; row < from.rows(); row++) {
            MemorySegment.copy(from.memory(), row * from.rowBytes(), to.memory(), row * to.rowBytes() + 4L * start,
                    from.rowBytes());
        }
        to.changed();
    }

    /// Adds a matrix to columns from `start` on.
    static void addColumns(Tensor to, int start, Tensor values) {
        for (int row = 0; row < to.rows(); row++) {
            long at = (long) row * to.cols() + start;
            for (int c = 0; c < values.cols(); c++) {
                to.set(at + c, to.get(at + c) + values.get((long) row * values.cols() + c));
            }
        }
        to.changed();
    }
}
