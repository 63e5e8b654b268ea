package glia.engine.pass;

import java.util.concurrent.atomic.AtomicReference;

/// The thread that uses something that is for one thread at a time. A thread that has ended owns nothing.
final class ThreadOwner {
    /// Null if there is none.
    private final AtomicReference<Thread> owner = new AtomicReference<>();
    /// Claims of the owner.
    private int numClaims;

    /// Makes the current thread the owner.
    ///
    /// @return whether the last owner has ended and may have left something behind
    /// @throws IllegalStateException if another thread is the owner
    boolean enter() {
        Thread current = Thread.currentThread();
        Thread other = owner.get();
        if (other == current) {
            return false;
        }
        boolean isFree = other == null || !other.isAlive();
        if (!isFree || !owner.compareAndSet(other, current)) {
            throw new IllegalStateException("the engine is in use by thread " + (other == null ? ""
                    : other.getName() + " ") + "and may be used by one thread at a time; found a call by thread "
                    + current.getName() + ": submit requests to the model's scheduler, or let one thread claim the "
                    + "engine");
        }
        if (other != null) {
            numClaims = 0;
        }
        return other != null;
    }

    /// Whether another thread is the owner.
    boolean isOther() {
        Thread other = owner.get();
        return other != null && other != Thread.currentThread() && other.isAlive();
    }

    /// Ends the ownership unless it is claimed.
    void leave() {
        if (numClaims == 0) {
            owner.set(null);
        }
    }

    void claim() {
        numClaims++;
    }

    /// @throws IllegalStateException if the current thread has claimed nothing
    void unclaim() {
        if (numClaims == 0 || owner.get() != Thread.currentThread()) {
            throw new IllegalStateException("the engine is released by thread " + Thread.currentThread().getName()
                    + ", which has not claimed it");
        }
        numClaims--;
    }
}
