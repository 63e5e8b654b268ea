package glia.engine.schedule;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// The scheduler's own thread: once woken it computes until no request is left, then it parks. It is a daemon and
/// begins when it is first needed.
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

    /// Whether it computes now. Who waits because it does must wake it, too: it may just have seen that nothing is
    /// left.
    boolean isComputing() {
        return computing;
    }

    /// Lets it compute until no request is left.
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
                    // What a listener did to this thread is no reason to stop.
                    Thread.interrupted();
                }
                computing = false;
            } else {
                LockSupport.park(this);
                Thread.interrupted();
            }
        }
    }

    /// Ends it after the step that it computes.
    void end() {
        ended = true;
        LockSupport.unpark(thread);
    }
}
