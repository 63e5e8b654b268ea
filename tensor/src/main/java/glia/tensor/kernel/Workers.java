package glia.tensor.kernel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// A fixed pool of platform threads for arithmetic. The calling thread works too, so `count` threads compute with
/// `count - 1` helpers. Helpers spin for 0.3 ms after each task before they park, since waking a thread costs as much
/// as a token of a small model; tasks are cut into chunks that threads claim from a counter, so that a thread that the
/// system has set aside holds up no more than one chunk, and none if it had not claimed one. `run` allocates nothing.
/// Threads are daemons. The caller, once it has no chunk to claim, spins a third as long for the last ones to end, and
/// then parks, too, which gives its processor to a helper that has none.
///
/// How it stays correct: a helper touches a task only after it has claimed a chunk, by lowering `unclaimed` by one. The
/// caller raises `unclaimed` only when every chunk of the task before has ended (`unfinished` is 0), so a claim that
/// succeeds, however late the helper came, is a claim of the present task, whose fields cannot change before the chunk
/// ends.
public final class Workers implements AutoCloseable {
    /// Work in chunks. Chunks run in any order, each once, possibly at the same time.
    @FunctionalInterface
    public interface Task {
        /// @param chunk which part, from 0
        /// @param worker which thread, from 0 to `count() - 1`, for scratch memory of its own
        void run(int chunk, int worker);
    }

    private static final long SPIN_NANOS = 300_000;
    private static final int SPINS_BEFORE_PARK = 2_000;

    private final Thread[] helpers;
    private final AtomicInteger unclaimed = new AtomicInteger();
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicInteger parked = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile boolean closed;
    private volatile Thread waiting;
    private BooleanSupplier alone = () -> false;
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

    /// From now on the caller computes without helpers for as long as this is true: while other work of the program
    /// wants the processors.
    public void stayAloneWhile(BooleanSupplier othersWork) {
        alone = othersWork;
    }

    /// Runs a task to its end on all threads. Not reentrant; one caller at a time. When a chunk throws, chunks that
    /// have not begun are left out.
    ///
    /// @throws RuntimeException or Error the first that a chunk threw, after all threads have stopped
    /// @throws IllegalStateException if a task is running or the pool is closed
    public void run(Task work, int chunks) {
        if (task != null || closed) {
            throw new IllegalStateException(closed ? "the workers are closed" : "the workers run another task");
        }
        task = work;
        try {
            if (helpers.length == 0 || chunks <= 1 || alone.getAsBoolean()) {
                for (int i = 0; i < chunks; i++) {
                    work.run(i, 0);
                }
            } else {
                share(chunks);
            }
        } finally {
            task = null;
        }
    }

    private void share(int chunks) {
        numChunks = chunks;
        failure.set(null);
        unfinished.set(chunks);
        unclaimed.set(chunks);
        if (parked.get() != 0) {
            for (Thread helper : helpers) {
                LockSupport.unpark(helper);
            }
        }
        claim(0);
        awaitHelpers();
        switch (failure.get()) {
            case null -> { }
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            // Tasks cannot throw checked exceptions, except by tricks.
            case Throwable e -> throw new IllegalStateException(e);
        }
    }

    private void awaitHelpers() {
        for (int spins = 0; spins < SPINS_BEFORE_PARK; spins++) {
            if (unfinished.get() == 0) {
                return;
            }
            Thread.onSpinWait();
        }
        // A helper with a chunk has no processor. It gets this one at once if nothing runs here, and else, as long as
        // somebody else works on its own, when the system looks next, which may take milliseconds.
        waiting = Thread.currentThread();
        while (unfinished.get() != 0) {
            LockSupport.park(this);
        }
        waiting = null;
    }

    /// Runs chunks of the present task until none is left to claim.
    private void claim(int worker) {
        int left = unclaimed.get();
        while (left > 0) {
            if (unclaimed.compareAndSet(left, left - 1)) {
                int ended = 1;
                try {
                    task.run(numChunks - left, worker);
                } catch (Throwable e) {
                    failure.compareAndSet(null, e);
                    ended += unclaimed.getAndSet(0);
                }
                if (unfinished.addAndGet(-ended) == 0) {
                    LockSupport.unpark(waiting);
                }
            }
            left = unclaimed.get();
        }
    }

    private void help(int worker) {
        while (!closed) {
            claim(worker);
            long deadline = System.nanoTime() + SPIN_NANOS;
            while (unclaimed.get() == 0 && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            if (unclaimed.get() == 0) {
                // The count first, then another look: so either the caller sees the count or this sees the chunks.
                parked.incrementAndGet();
                while (unclaimed.get() == 0 && !closed) {
                    LockSupport.park(this);
                }
                parked.decrementAndGet();
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
