package glia.cluster;

import java.lang.foreign.MemorySegment;

/// Moves bytes between ranks. It never computes, so results depend on none of its choices. One thread of a
/// rank at a time calls it.
public interface Transport extends AutoCloseable {
    /// The number of this rank, from 0.
    int rank();

    /// The number of ranks.
    int size();

    /// Sends memory to one rank and receives memory from another at the same time; both may be this one. The
    /// receiver has given memory of the size that is sent.
    ///
    /// @param send off-heap; may be empty
    /// @param receive off-heap; may be empty
    /// @throws RankException if another rank has failed
    void sendReceive(MemorySegment send, int to, MemorySegment receive, int from);

    /// The same ranks, with messages of their own: for another thread. No barrier.
    Transport duplicate();

    /// Returns when all ranks have called it.
    void barrier();

    /// Ends all ranks because of an error on this one. Processes end; threads get a [RankException].
    ///
    /// @param cause what the others say
    void abort(String cause);

    @Override
    void close();
}
