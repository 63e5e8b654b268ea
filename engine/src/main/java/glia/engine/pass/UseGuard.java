package glia.engine.pass;

import java.util.concurrent.atomic.AtomicInteger;

/// Keeps native memory from being freed while it is in use: [#close] waits for all uses to end and refuses new ones.
/// For any threads.
final class UseGuard {
    /// Set in the state of a guard that is closed; the other bits count the uses.
    private static final int CLOSED = Integer.MIN_VALUE;

    private final UseGuard parent;
    private final AtomicInteger state = new AtomicInteger();

    /// @param parent the guard of memory that each use needs too; null for none
    UseGuard(UseGuard parent) {
        this.parent = parent;
    }

    /// Begins a use.
    ///
    /// @throws IllegalStateException if this guard or its parent is closed
    void enter() {
        if (parent != null) {
            parent.enter();
        }
        int uses = state.get();
        while (uses >= 0 && !state.compareAndSet(uses, uses + 1)) {
            uses = state.get();
        }
        if (uses < 0) {
            if (parent != null) {
                parent.exit();
            }
            throw closed();
        }
    }

    /// Ends a use.
    void exit() {
        if (state.decrementAndGet() == CLOSED) {
            synchronized (this) {
                notifyAll();
            }
        }
        if (parent != null) {
            parent.exit();
        }
    }

    /// @throws IllegalStateException if this guard or its parent is closed
    void requireOpen() {
        if (state.get() < 0) {
            throw closed();
        }
        if (parent != null) {
            parent.requireOpen();
        }
    }

    private static IllegalStateException closed() {
        return new IllegalStateException("the model is closed");
    }

    /// Refuses further uses and waits for those that have begun.
    ///
    /// @return false if it was closed before
    boolean close() {
        int uses = state.getAndUpdate(n -> n | CLOSED);
        boolean interrupted = false;
        synchronized (this) {
            while (state.get() != CLOSED) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return uses >= 0;
    }
}
