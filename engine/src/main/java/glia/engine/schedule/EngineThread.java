package glia.engine.schedule;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// The scheduler's own thread: computes while there are requests, then parks. A daemon, started on first use.
final class EngineThread {
    private final BooleanSupplier hasWork;
    private final Runnable step;
    private volatile Thread thread;
    private volatile boolean wanted;
    private volatile boolean computing;
    private volatile boolean ended;

    /// @param hasWork whether a request is not done
    /// @param step computes one step; throws nothing
    EngineThread(BooleanSupplier hasWork, Runnable step) {
        this.hasWork = hasWork;
        this.step = step;
    }

    /// Whether it is computing. A caller that waits because of it must also wake it, since it may be about to park.
    boolean isComputing() {
        return computing;
    }

    /// Makes it compute until no request is left.
    void wake() {
        wanted = true;
        if (thread == null) {
            begin();
        }
        if (!computing) {
            LockSupport.unpark(thread);
        }
    }

    private void begin() {
        synchronized (this) {
            if (thread == null) {
                thread = Thread.ofPlatform().daemon().name("glia-engine").start(this::run);
            }
        }
    }

    private void run() {
        while (!ended) {
            if (wanted) {
                computing = true;
                wanted = false;
                while (hasWork.getAsBoolean() && !ended) {
                    step.run();
                    // A listener may have interrupted this thread.
                    Thread.interrupted();
                }
                computing = false;
            } else {
                LockSupport.park(this);
                Thread.interrupted();
            }
        }
    }

    /// Stops it after the current step.
    void end() {
        ended = true;
        LockSupport.unpark(thread);
    }
}
