package glia.tensor.kernel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// A fixed thread pool of platform threads for arithmetic. The calling thread works too: `count` threads compute,
/// `count - 1` of them helpers. Tasks are split into chunks, which threads claim from a counter, so a descheduled
/// thread delays one chunk at most. After a task, helpers spin for 0.3 ms before they park, since waking a thread takes
/// as long as a token of a small model. The caller, once no chunk is left to claim, spins a third as long and then
/// parks, which frees its processor for a helper. `run` allocates nothing. Threads are daemons.
///
/// Correctness: a helper touches a task only after it has claimed a chunk by decrementing `unclaimed`. The caller
/// raises `unclaimed` only when every chunk of the previous task has ended (`unfinished` is 0). So a successful claim
/// always belongs to the current task, whose fields cannot change before the chunk ends.
public final class Workers implements AutoCloseable {
    /// Work in chunks. Chunks run in any order, each once, possibly concurrently.
    @FunctionalInterface
    public interface Task {
        /// Runs one chunk.
        ///
        /// @param chunk the number of the chunk, from 0
        /// @param worker the number of the thread, from 0 to `count() - 1`, for scratch memory of its own
        void run(int chunk, int worker);
    }

    /// A property, since processes that share processors take them from each other by spinning.
    private static final long SPIN_NANOS = Long.getLong("glia.spin", 300_000);
    private static final int SPINS_BEFORE_PARK = 2_000;
    /// Parked helpers are woken once the work left takes longer than this; 0 for at once. A property, since a woken
    /// thread waits for a processor where many processes share them.
    private static final long WAKING_NANOS = Long.getLong("glia.waking", 0);

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

    /// @param count number of threads that compute, the caller's included
    public Workers(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("expected at least 1 thread, found " + count);
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

    /// A suitable number of chunks for `units` units of work: about 8 a thread, at most one a unit.
    public int chunksFor(long units) {
        return (int) Math.max(1, Math.min(units, 8L * count()));
    }

    /// Makes the caller compute without helpers as long as the condition holds, to leave the processors to other work.
    public void singleThreadedWhile(BooleanSupplier condition) {
        alone = condition;
    }

    /// Runs a task to its end on all threads. Not reentrant; one caller at a time. When a chunk throws, chunks that
    /// have not begun are skipped.
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
        if (parked.get() != 0 && (WAKING_NANOS == 0 || isLongerThanWaking())) {
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

    /// Runs chunks alone until it is known that the others take longer than to wake a thread. Short work ends here.
    private boolean isLongerThanWaking() {
        long start = System.nanoTime();
        for (int left = unclaimed.get(); left > 0; left = unclaimed.get()) {
            if (unclaimed.compareAndSet(left, left - 1)) {
                end(left, 0);
                int done = numChunks - left + 1;
                if ((System.nanoTime() - start) / done * (left - 1) > WAKING_NANOS) {
                    return true;
                }
            }
        }
        return false;
    }

    private void awaitHelpers() {
        for (int spins = 0; spins < SPINS_BEFORE_PARK; spins++) {
            if (unfinished.get() == 0) {
                return;
            }
            Thread.onSpinWait();
        }
        // A helper holds a chunk but has no processor. Parking frees this one for it at once; otherwise the scheduler
        // may take milliseconds.
        waiting = Thread.currentThread();
        while (unfinished.get() != 0) {
            LockSupport.park(this);
        }
        waiting = null;
    }

    /// Runs chunks of the current task until none is left to claim.
    private void claim(int worker) {
        int left = unclaimed.get();
        while (left > 0) {
            if (unclaimed.compareAndSet(left, left - 1)) {
                end(left, worker);
            }
            left = unclaimed.get();
        }
    }

    /// Runs the chunk that was claimed when `left` were left.
    private void end(int left, int worker) {
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

    private void help(int worker) {
        while (!closed) {
            claim(worker);
            long deadline = System.nanoTime() + SPIN_NANOS;
            while (unclaimed.get() == 0 && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            if (unclaimed.get() == 0) {
                // The count first, then another look: either the caller sees the count or this thread sees the chunks.
                parked.incrementAndGet();
                while (unclaimed.get() == 0 && !closed) {
                    LockSupport.park(this);
                }
                parked.decrementAndGet();
            }
        }
    }

    /// Ends the helpers. No task may run afterwards.
    @Override
    public void close() {
        closed = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }
}
