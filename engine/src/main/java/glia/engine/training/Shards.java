package glia.engine.training;

import glia.tensor.Tensor;
import glia.tensor.ops.Weight;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// How the elements of weights are divided among ranks, each of which keeps the optimizer's state of its elements and
/// updates them (ZeRO, https://arxiv.org/abs/1910.02054). The division does not change results.
public interface Shards {
    /// Elements of a weight at which ranges may begin: multiples of so many.
    int BLOCK = 1 << 14;

    /// Elements `from` (inclusive) to `to` (exclusive) of a weight.
    record Range(long from, long to) {
        /// The number of elements.
        public long size() {
            return to - from;
        }

        /// The bytes of the range in the memory of an F32 tensor.
        public MemorySegment of(MemorySegment memory) {
            return memory.asSlice(Float.BYTES * from, Float.BYTES * size());
        }
    }

    /// Whether ranks keep the updated weights to themselves until a pass gathers them.
    default boolean dividesWeights() {
        return false;
    }

    /// The number of this rank, from 0.
    int rank();

    /// The elements of a weight by rank.
    List<Range> ranges(Weight w);

    /// The elements of a weight that this rank has.
    default Range own(Weight w) {
        return ranges(w).get(rank());
    }

    /// The sums over all ranks of the gradients of this rank's elements, after [Reduction#finish].
    Tensor gradient(Weight w);

    /// The sums of numbers over all ranks, each in the order of the ranks.
    double[] totals(double... ofRank);

    /// Gives all ranks the elements of a weight that each has updated.
    ///
    /// @param whole the memory of the weight
    default void updated(Weight w, MemorySegment whole) {
        List<MemorySegment> send = new ArrayList<>();
        List<MemorySegment> receive = new ArrayList<>();
        List<Range> ranges = ranges(w);
        for (int p = 0; p < ranges.size(); p++) {
            boolean isOwn = p == rank();
            send.add(isOwn ? whole.asSlice(0, 0) : ranges.get(rank()).of(whole));
            receive.add(isOwn ? whole.asSlice(0, 0) : ranges.get(p).of(whole));
        }
        exchange(send, receive);
    }

    /// Sends memory `p` of `send` to each rank `p`, and receives from it memory `p` of `receive`.
    void exchange(List<MemorySegment> send, List<MemorySegment> receive);
}
