package glia.engine.training;

import glia.tensor.Tensor;
import glia.tensor.ops.Weight;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/// How the elements of weights are divided among ranks, each of which keeps the optimizer's state of its elements and
/// updates them (ZeRO, https://arxiv.org/abs/1910.02054). The division does not change results.
public interface Shards {
    /// The most elements of a block. Ranges begin where blocks do.
    int BLOCK = 1 << 14;

    /// A rank that has nothing to update, and so no state of an optimizer.
    Shards NONE = new Shards() {
        @Override
        public int rank() {
            return 0;
        }

        @Override
        public List<Range> ranges(Weight w) {
            return List.of(new Range(0, 0));
        }

        @Override
        public Tensor gradient(Weight w) {
            throw new UnsupportedOperationException("this rank adds up no gradients");
        }

        @Override
        public double[] totals(double... ofRank) {
            return ofRank;
        }

        @Override
        public void exchange(List<MemorySegment> send, List<MemorySegment> receive) { }
    };

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

    /// The elements at which blocks of a weight begin, multiples of [#BLOCK] unless ranks compute parts of a weight.
    default List<Long> blocks(Weight w) {
        return multiples(w);
    }

    /// The multiples of [#BLOCK] in a weight.
    static List<Long> multiples(Weight w) {
        long size = w.size();
        return LongStream.iterate(0, at -> at + BLOCK).limit(Math.ceilDiv(size, (long) BLOCK)).boxed().toList();
    }

    /// Puts values of all elements of a weight, such as the optimizer's, into the order in which ranks have them.
    default void apart(Weight w, Tensor values) { }

    /// Puts values that ranks have into the order of the weight's rows.
    default void together(Weight w, Tensor values) { }

    /// The elements of a weight by rank. Of ranks that have the same, all but the first may have none here.
    List<Range> ranges(Weight w);

    /// The elements of a weight that this rank has.
    default Range own(Weight w) {
        return ranges(w).get(rank());
    }

    /// The sums over all ranks of the gradients of this rank's elements, after [Reduction#finish].
    Tensor gradient(Weight w);

    /// The sums of numbers over all ranks, each in the order of the ranks. Numbers of what ranks have several times are
    /// counted once.
    double[] totals(double... ofRank);

    /// Gives all ranks the elements of a weight that each has updated, unless passes gather them.
    ///
    /// @param whole the memory of the weight
    default void updated(Weight w, MemorySegment whole) {
        if (dividesWeights()) {
            return;
        }
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
