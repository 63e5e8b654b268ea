package glia.tensor.kernel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// A fixed pool of platform threads for arithmetic. The calling thread works too, so `count` threads compute with
/// `count - 1` helpers. Helpers spin for a while after each task before they park, since waking a thread costs as much
/// as a token of a small model; tasks are cut into chunks that threads claim from a counter, so that a thread that the
/// system has set aside holds up no more than one chunk. `run` allocates nothing. Threads are daemons.
public final class Workers implements AutoCloseable {
    /// Work in chunks. Chunks run in any order, each once, possibly at the same time.
    @FunctionalInterface
    public interface Task {
        /// @param chunk which part, from 0
        /// @param worker which thread, from 0 to `count() - 1`, for scratch memory of its own
        void run(int chunk, int worker);
    }

    private static final long SPIN_NANOS = 300_000;

    private final Thread[] helpers;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger busy = new AtomicInteger();
    private volatile int generation;
    private volatile Throwable failure;
    private volatile boolean closed;
    private Task task;
    private int numChunks;

    /// @param count threads that compute, the caller's included
    public Workers(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("at least 1 thread, not " + count);
        }
        helpers = new Thread[count - 1];
        for (int i = 0; i < helpers.length; i++) {
            int worker = i + 1;
            helpers[i] = Thread.ofPlatform().daemon().name("glia-worker-" + worker).start(() -> help(worker));
        }
    }

    public int count() {
        return helpers.length + 1;
    }

    /// A good number of chunks for `units` units of work: about 8 a thread, no more than there are units.
    public int chunksFor(long units) {
        return (int) Math.max(1, Math.min(units, 8L * count()));
    }

    /// Runs a task to its end on all threads. Not reentrant; one caller at a time.
    ///
    /// @throws RuntimeException or Error the first that a chunk threw, after all threads have stopped
    public void run(Task work, int chunks) {
        if (helpers.length == 0 || chunks <= 1) {
            for (int i = 0; i < chunks; i++) {
                work.run(i, 0);
            }
            return;
        }
        task = work;
        numChunks = chunks;
        failure = null;
        busy.set(helpers.length);
        next.set(0);
        generation++;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
        claim(0);
        while (busy.get() != 0) {
            Thread.onSpinWait();
        }
        task = null;
        switch (failure) {
            case null -> { }
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }

    private void claim(int worker) {
        Task work = task;
        int end = numChunks;
        try {
            for (int chunk = next.getAndIncrement(); chunk < end; chunk = next.getAndIncrement()) {
                work.run(chunk, worker);
            }
        } catch (Throwable e) {
            failure = e;
            next.set(end);
        }
    }

    private void help(int worker) {
        int seen = 0;
        while (!closed) {
            long deadline = System.nanoTime() + SPIN_NANOS;
            while (generation == seen && !closed) {
                if (System.nanoTime() < deadline) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            if (generation != seen) {
                seen = generation;
                claim(worker);
                busy.decrementAndGet();
            }
        }
    }

    /// Ends the helpers. Nothing may run afterwards.
    @Override
    public void close() {
        closed = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }
}
