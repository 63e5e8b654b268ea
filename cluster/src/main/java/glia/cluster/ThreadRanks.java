package glia.cluster;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// Ranks that are threads of one process: for tests, and for one machine. A receiver copies from the sender's memory.
public final class ThreadRanks {
    private final int size;
    /// What rank `a` offers rank `b`, at `a · size + b`; null while it offers nothing. Then the same for duplicates.
    private final MemorySegment[] offers;
    private int arrived;
    private long barriers;
    private String failure;

    /// What each rank does.
    @FunctionalInterface
    public interface Program<E extends Exception> {
        /// @return an exit code
        int run(Collective collective) throws E;
    }

    private ThreadRanks(int size) {
        this.size = size;
        offers = new MemorySegment[2 * size * size];
    }

    /// Runs a program on ranks. If one of them fails, the others get a [RankException] at their next exchange.
    ///
    /// @param program gets the collective of its rank and returns an exit code
    /// @return the largest exit code
    /// @throws E what the rank that failed first threw
    public static <E extends Exception> int run(int size, Program<E> program) throws E {
        ThreadRanks ranks = new ThreadRanks(size);
        int[] codes = new int[size];
        List<Throwable> failures = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int r = 0; r < size; r++) {
            int rank = r;
            threads.add(Thread.ofPlatform().name("rank-" + rank).start(() -> {
                try (Collective collective = new Collective(ranks.new Ends(rank))) {
                    codes[rank] = program.run(collective);
                } catch (Throwable e) {
                    synchronized (failures) {
                        failures.add(e);
                    }
                    ranks.fail("rank " + rank + " of " + size + " failed: " + e.getMessage());
                }
            }));
        }
        threads.forEach(ThreadRanks::join);
        failures.sort(Comparator.comparing(e -> e instanceof RankException));
        if (!failures.isEmpty()) {
            throw ThreadRanks.<E>unchecked(failures.getFirst());
        }
        return Arrays.stream(codes).max().orElse(0);
    }

    /// A rank without others.
    static Collective alone() {
        return new Collective(new ThreadRanks(1).new Ends(0));
    }

    private static void join(Thread thread) {
        boolean isInterrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> E unchecked(Throwable e) throws E {
        throw (E) e;
    }

    private synchronized void fail(String cause) {
        if (failure == null) {
            failure = cause;
        }
        notifyAll();
    }

    private synchronized String cause() {
        return String.valueOf(failure);
    }

    private void await() {
        try {
            if (failure == null) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RankException("interrupted", e);
        }
        if (failure != null) {
            throw new RankException(failure);
        }
    }

    private void sendReceive(int rank, int first, MemorySegment send, int to, MemorySegment receive, int from) {
        int sent = first + rank * size + to;
        int got = first + from * size + rank;
        MemorySegment offer;
        synchronized (this) {
            while (offers[sent] != null) {
                await();
            }
            offers[sent] = send;
            notifyAll();
            while (offers[got] == null) {
                await();
            }
            offer = offers[got];
        }
        if (offer.byteSize() != receive.byteSize()) {
            throw new RankException("rank " + rank + " expects " + receive.byteSize() + " bytes of rank " + from
                    + ", which sends " + offer.byteSize());
        }
        try {
            receive.copyFrom(offer);
        } catch (IllegalStateException e) {
            // The sender has failed at another exchange and freed its memory.
            throw new RankException(cause(), e);
        }
        synchronized (this) {
            offers[got] = null;
            notifyAll();
            // The sender may change its memory when this returns.
            while (offers[sent] == send) {
                await();
            }
        }
    }

    private synchronized void barrier() {
        long now = barriers;
        if (++arrived == size) {
            arrived = 0;
            barriers++;
            notifyAll();
        }
        while (barriers == now) {
            await();
        }
    }

    private final class Ends implements Transport {
        private final int rank;
        /// The place of its messages.
        private final int first;

        Ends(int rank) {
            this(rank, 0);
        }

        private Ends(int rank, int first) {
            this.rank = rank;
            this.first = first;
        }

        @Override
        public Transport duplicate() {
            return new Ends(rank, size * size);
        }

        @Override
        public int rank() {
            return rank;
        }

        @Override
        public int size() {
            return size;
        }

        @Override
        public void sendReceive(MemorySegment send, int to, MemorySegment receive, int from) {
            // A view of its own: two offers of the same memory differ.
            ThreadRanks.this.sendReceive(rank, first, send.asSlice(0), to, receive, from);
        }

        @Override
        public void barrier() {
            ThreadRanks.this.barrier();
        }

        @Override
        public void abort(String cause) {
            fail(cause);
        }

        @Override
        public void close() { }
    }
}
