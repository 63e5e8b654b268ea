package glia.engine.pass;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// Guards an engine. One thread at a time owns it: to gather and compute a pass, or until it releases its claims. Any
/// threads may keep it open meanwhile; [#close] waits for them and refuses new ones. A thread that has ended owns
/// nothing, and what it has left is removed.
final class EngineGuard {
    /// After so long a waiting thread looks whether the owner has ended.
    private static final long LOOK_MILLIS = 50;

    private final EngineGuard parent;
    private final Runnable clear;
    /// The read lock keeps the engine open; the write lock waits for those who do.
    private final ReentrantReadWriteLock uses = new ReentrantReadWriteLock();
    /// Fair, so that waiting threads get the engine between two steps of a thread that computes in a loop.
    private final Semaphore ownership = new Semaphore(1, true);
    private final AtomicReference<Thread> owner = new AtomicReference<>();
    /// Claims of the owner.
    private int numClaims;
    private final AtomicBoolean isClosed = new AtomicBoolean();

    /// @param parent the guard of an engine whose memory this one uses; null for none
    /// @param clear removes what the owner before has added; called by each new owner
    EngineGuard(EngineGuard parent, Runnable clear) {
        this.parent = parent;
        this.clear = clear;
    }

    /// Keeps the engine open until `endUse` of the same thread.
    ///
    /// @throws IllegalStateException if it or its parent is closed
    void beginUse() {
        if (parent != null) {
            parent.beginUse();
        }
        if (!uses.readLock().tryLock()) {
            endParentUse();
            throw closed();
        }
        if (isClosed.get()) {
            endUse();
            throw closed();
        }
    }

    void endUse() {
        uses.readLock().unlock();
        endParentUse();
    }

    private void endParentUse() {
        if (parent != null) {
            parent.endUse();
        }
    }

    /// @throws IllegalStateException if the engine or its parent is closed
    void requireOpen() {
        if (isClosed.get()) {
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
    /// @throws IllegalStateException if this thread uses the engine, so that the wait would not end
    boolean close() {
        if (uses.getReadHoldCount() > 0) {
            throw new IllegalStateException("thread " + Thread.currentThread().getName() + " closes the model in the "
                    + "middle of a pass that it computes: close it after the pass, or on another thread");
        }
        boolean isFirst = isClosed.compareAndSet(false, true);
        uses.writeLock().lock();
        uses.writeLock().unlock();
        return isFirst;
    }

    /// Whether the current thread owns the engine.
    boolean isOwned() {
        return owner.get() == Thread.currentThread();
    }

    /// Makes the current thread the owner.
    ///
    /// @throws IllegalStateException if another thread is the owner, or the engine is closed
    void own() {
        requireOpen();
        if (isOwned()) {
            return;
        }
        disown();
        if (!ownership.tryAcquire()) {
            Thread other = owner.get();
            throw new IllegalStateException("the engine is in use by thread " + (other == null ? ""
                    : other.getName() + " ") + "and may be used by one thread at a time; found a call by thread "
                    + Thread.currentThread().getName() + ": submit requests to the model's scheduler, or let one "
                    + "thread claim the engine");
        }
        owner.set(Thread.currentThread());
        clear.run();
    }

    /// Waits, in turn, until no other thread is the owner, and makes the current one the owner, also of a closed
    /// engine.
    void awaitOwnership() {
        if (isOwned()) {
            return;
        }
        boolean isInterrupted = false;
        while (true) {
            disown();
            try {
                if (ownership.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                    break;
                }
            } catch (InterruptedException e) {
                isInterrupted = true;
            }
        }
        owner.set(Thread.currentThread());
        clear.run();
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// Ends the ownership of a thread that has ended.
    private void disown() {
        Thread last = owner.get();
        if (last != null && !last.isAlive() && owner.compareAndSet(last, null)) {
            numClaims = 0;
            ownership.release();
        }
    }

    /// Ends the ownership unless it is claimed.
    void disownUnclaimed() {
        if (numClaims == 0 && owner.compareAndSet(Thread.currentThread(), null)) {
            ownership.release();
        }
    }

    /// Adds a claim of the owner.
    void claim() {
        numClaims++;
    }

    /// @throws IllegalStateException if the current thread has claimed nothing
    void unclaim() {
        if (!isOwned() || numClaims == 0) {
            throw new IllegalStateException("the engine is released by thread " + Thread.currentThread().getName()
                    + ", which has not claimed it");
        }
        numClaims--;
    }
}
