package glia.serve.http;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.util.function.IntSupplier;

/// Gives the heap's free memory back to the system when a server is idle: the collector keeps what large bodies have
/// taken until it is asked to collect all, and then returns it in several steps.
public final class IdleHeap implements AutoCloseable {
    private static final long CHECK_MILLIS = 1000;
    /// Checks without a request before the heap is collected.
    private static final int IDLE_CHECKS = 5;
    private static final int MOST_STEPS = 5;
    /// Less than this is not worth a collection.
    private static final long LEAST_BYTES = 64L << 20;

    private final MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
    private final IntSupplier numRunning;
    private final Runnable collect;
    private final Thread thread = Thread.ofPlatform().daemon().name("glia-idle-heap").unstarted(this::watch);
    private int idleChecks;
    /// What the heap had after the last collection.
    private long leastBytes;

    /// @param numRunning the number of requests that run or wait
    public IdleHeap(IntSupplier numRunning) {
        this(numRunning, System::gc);
        thread.start();
    }

    IdleHeap(IntSupplier numRunning, Runnable collect) {
        this.numRunning = numRunning;
        this.collect = collect;
    }

    private void watch() {
        while (!thread.isInterrupted()) {
            check();
            try {
                Thread.sleep(CHECK_MILLIS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /// Collects the heap if the server has been idle for some checks and the heap has grown.
    void check() {
        idleChecks = numRunning.getAsInt() == 0 ? idleChecks + 1 : 0;
        if (idleChecks >= IDLE_CHECKS && bytes() > leastBytes + LEAST_BYTES) {
            for (int i = 0; i < MOST_STEPS && numRunning.getAsInt() == 0; i++) {
                collect.run();
            }
            leastBytes = bytes();
        }
    }

    private long bytes() {
        return memory.getHeapMemoryUsage().getCommitted();
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
