package glia.cluster;

import glia.tensor.ops.RankGroup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/// Operations of all ranks together, which all call in the same order. They move bytes and never add: who wants a sum
/// exchanges slices, adds them in the order of the ranks, and gathers the results. So sums have the same bits over
/// threads and over any MPI, whatever the sizes of messages.
///
/// Each operation is made of pairwise exchanges, of which the `d`-th sends to rank `r + d` and receives from `r - d`.
/// `bytesSent` counts what leaves a rank. One thread at a time.
public final class Collective implements RankGroup, AutoCloseable {
    private final Transport transport;
    private final AtomicLong sent;

    public Collective(Transport transport) {
        this(transport, new AtomicLong());
    }

    private Collective(Transport transport, AtomicLong sent) {
        this.transport = transport;
        this.sent = sent;
    }

    /// The operations of some of the ranks, this one among them, which are numbered by their order here. What they send
    /// is counted by this collective, too. No barrier; whoever fails ends all ranks.
    public Collective of(int... members) {
        return new Collective(new Members(transport, members), sent);
    }

    /// The same ranks with messages of their own, for another thread. What they send is counted by this collective,
    /// too.
    public Collective duplicate() {
        return new Collective(transport.duplicate(), sent);
    }

    /// The number of this rank, from 0.
    @Override
    public int rank() {
        return transport.rank();
    }

    /// The number of ranks.
    @Override
    public int size() {
        return transport.size();
    }

    /// Bytes of memory that this rank has sent to others; numbers and texts of `all` are not counted.
    public long bytesSent() {
        return sent.get();
    }

    /// Sends memory to one rank and receives memory from another at the same time.
    public void sendReceive(MemorySegment send, int to, MemorySegment receive, int from) {
        if (to == rank() && from == rank()) {
            receive.copyFrom(send);
            return;
        }
        transport.sendReceive(send, to, receive, from);
        sent.addAndGet(send.byteSize());
    }

    /// Sends and receives at once, and has nothing to wait for.
    @Override
    public Runnable begin(MemorySegment send, int to, MemorySegment receive, int from) {
        sendReceive(send, to, receive, from);
        return () -> { };
    }

    /// Sends slice `p` of `send` to each rank `p`, and receives from it slice `p` of `receive`.
    ///
    /// @param send a slice for each rank, off-heap
    /// @param receive a slice from each rank, off-heap
    @Override
    public void allToAll(List<MemorySegment> send, List<MemorySegment> receive) {
        for (int d = 0; d < size(); d++) {
            int to = (rank() + d) % size();
            int from = (rank() - d + size()) % size();
            sendReceive(send.get(to), to, receive.get(from), from);
        }
    }

    /// Gives all ranks the slice of each.
    ///
    /// @param slices a slice for each rank, of which this rank's holds its values
    @Override
    public void allGather(List<MemorySegment> slices) {
        gather(slices);
        sent.addAndGet((size() - 1) * slices.get(rank()).byteSize());
    }

    private void gather(List<MemorySegment> slices) {
        MemorySegment own = slices.get(rank());
        for (int d = 1; d < size(); d++) {
            int from = (rank() - d + size()) % size();
            transport.sendReceive(own, (rank() + d) % size(), slices.get(from), from);
        }
    }

    /// Gives all ranks the memory of one.
    public void broadcast(MemorySegment memory, int root) {
        List<MemorySegment> slices = new ArrayList<>();
        for (int p = 0; p < size(); p++) {
            slices.add(p == root ? memory : MemorySegment.NULL);
        }
        allGather(slices);
    }

    /// The numbers of all ranks, in the order of the ranks.
    ///
    /// @param ofRank as many on each rank
    public double[][] all(double... ofRank) {
        double[][] all = new double[size()][];
        try (Arena arena = Arena.ofShared()) {
            List<MemorySegment> slices = new ArrayList<>();
            for (int p = 0; p < size(); p++) {
                slices.add(arena.allocate(ValueLayout.JAVA_DOUBLE, ofRank.length));
            }
            slices.get(rank()).copyFrom(MemorySegment.ofArray(ofRank));
            gather(slices);
            for (int p = 0; p < size(); p++) {
                all[p] = slices.get(p).toArray(ValueLayout.JAVA_DOUBLE);
            }
        }
        return all;
    }

    /// The texts of all ranks, in the order of the ranks.
    public List<String> all(String ofRank) {
        byte[] bytes = ofRank.getBytes(StandardCharsets.UTF_8);
        double[][] sizes = all(bytes.length);
        try (Arena arena = Arena.ofShared()) {
            List<MemorySegment> slices = new ArrayList<>();
            for (double[] size : sizes) {
                slices.add(arena.allocate((long) size[0]));
            }
            slices.get(rank()).copyFrom(MemorySegment.ofArray(bytes));
            gather(slices);
            return slices.stream().map(s -> new String(s.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8))
                    .toList();
        }
    }

    /// Returns when all ranks have called it.
    public void barrier() {
        transport.barrier();
    }

    /// Ends all ranks because of an error on this one.
    public void abort(String cause) {
        transport.abort(cause);
    }

    @Override
    public void close() {
        transport.close();
    }

    /// Some ranks of a transport.
    private record Members(Transport all, int[] members) implements Transport {
        @Override
        public int rank() {
            int rank = 0;
            while (members[rank] != all.rank()) {
                rank++;
            }
            return rank;
        }

        @Override
        public int size() {
            return members.length;
        }

        @Override
        public void sendReceive(MemorySegment send, int to, MemorySegment receive, int from) {
            all.sendReceive(send, members[to], receive, members[from]);
        }

        @Override
        public Transport duplicate() {
            return new Members(all.duplicate(), members);
        }

        @Override
        public void barrier() {
            throw new UnsupportedOperationException("some ranks have no barrier");
        }

        @Override
        public void abort(String cause) {
            all.abort(cause);
        }

        @Override
        public void close() { }
    }
}
