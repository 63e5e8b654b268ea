package glia.tensor.ops;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// Ranks that compute something together, for operations that need what others have. They move bytes and never add. All
/// ranks of a group call these methods in the same order, with memory outside the heap.
public interface RankGroup {
    /// A rank alone.
    RankGroup ONE = new RankGroup() {
        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int size() {
            return 1;
        }

        @Override
        public void allGather(List<MemorySegment> slices) { }

        @Override
        public void allToAll(List<MemorySegment> send, List<MemorySegment> receive) {
            receive.getFirst().copyFrom(send.getFirst());
        }

        @Override
        public Runnable begin(MemorySegment send, int to, MemorySegment receive, int from) {
            receive.copyFrom(send);
            return () -> { };
        }
    };

    /// The number of this rank in the group, from 0.
    int rank();

    /// The number of ranks in the group.
    int size();

    /// Gives all ranks the slice of each.
    ///
    /// @param slices a slice for each rank, of which this rank's holds its values
    void allGather(List<MemorySegment> slices);

    /// Sends slice `p` of `send` to each rank `p`, and receives from it slice `p` of `receive`.
    void allToAll(List<MemorySegment> send, List<MemorySegment> receive);

    /// Begins to send memory to one rank and to receive memory from another. Until the result has run, which waits for
    /// both, the first may not be changed and the second not be read.
    Runnable begin(MemorySegment send, int to, MemorySegment receive, int from);
}
