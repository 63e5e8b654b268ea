package glia.engine.schedule;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// A lock that threads get in turns by key, for work that takes too much memory for several at a time.
public final class TurnLock {
    private static final long CHECK_MILLIS = 50;

    private final TurnQueue<Semaphore> waiting = new TurnQueue<>();
    private boolean isHeld;

    /// Creates a free lock.
    public TurnLock() { }

    /// Waits for the lock.
    ///
    /// @param goesOn called while the thread waits: false ends that
    /// @return false if it was ended; then there is nothing to unlock
    public boolean lock(String key, BooleanSupplier goesOn) throws InterruptedException {
        Semaphore turn = new Semaphore(0);
        synchronized (this) {
            if (!isHeld) {
                isHeld = true;
                return true;
            }
            waiting.add(key, turn);
        }
        boolean hasTurn = false;
        try {
            while (!hasTurn && goesOn.getAsBoolean()) {
                hasTurn = turn.tryAcquire(CHECK_MILLIS, TimeUnit.MILLISECONDS);
            }
            return hasTurn;
        } finally {
            if (!hasTurn) {
                giveUp(key, turn);
            }
        }
    }

    private synchronized void giveUp(String key, Semaphore turn) {
        if (!waiting.remove(key, turn)) {
            // Its turn has come meanwhile.
            unlock();
        }
    }

    /// Passes the lock on.
    public synchronized void unlock() {
        Semaphore next = waiting.poll();
        isHeld = next != null;
        if (isHeld) {
            next.release();
        }
    }
}
