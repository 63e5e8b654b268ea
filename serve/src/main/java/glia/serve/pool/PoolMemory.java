package glia.serve.pool;

import glia.serve.request.ErrorText;
import glia.serve.request.ServeException;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Loads and closes the models of a pool within its memory.
final class PoolMemory {
    /// Models that were loaded so far.
    final AtomicLong numLoads = new AtomicLong();

    private static final long MIN_STATE_BYTES = ModelPool.MIN_STATE_BYTES;

    /// The memory of models that speak, which stay loaded.
    private long reserved;
    private final ModelPool.PoolOptions options;
    private final ReentrantLock lock;
    private final Condition changed;
    private final Map<String, Slot> slots;

    /// @param lock of the pool, which guards the slots
    /// @param changed signalled when the state of a slot has changed
    PoolMemory(ModelPool.PoolOptions options, ReentrantLock lock, Condition changed, Map<String, Slot> slots) {
        this.options = options;
        this.lock = lock;
        this.changed = changed;
        this.slots = slots;
    }

    /// Reserves the memory of a model that stays loaded. Requires the lock.
    ///
    /// @throws IllegalArgumentException if the limit leaves too little
    void reserve(String name, long bytes) {
        if (reserved + bytes > options.memoryBytes()) {
            throw new IllegalArgumentException("the model '" + name + "' needs " + mebibytes(bytes)
                    + " MiB for its weights; found " + mebibytes(options.memoryBytes() - reserved) + " MiB free of "
                    + mebibytes(options.memoryBytes()) + " MiB; the server's option --memory raises the limit");
        }
        reserved += bytes;
    }

    /// Begins to load a model, or to close another one for its memory. Requires the lock.
    void startLoading(Slot slot) {
        Slot.Attempt attempt = new Slot.Attempt();
        slot.state = Slot.State.LOADING;
        slot.attempt = attempt;
        Thread.ofPlatform().daemon().name("glia-load-" + slot.name).start(() -> load(slot, attempt));
    }

    private void load(Slot slot, Slot.Attempt attempt) {
        try {
            long bytes = slot.source.weightBytes();
            makeRoom(slot, bytes);
            var model = slot.source.load();
            locked(() -> slot.model = model);
            shareState();
        } catch (Throwable e) {
            locked(() -> {
                attempt.failure = failure(slot, e);
                slot.state = Slot.State.CLOSING;
            });
            close(slot);
            return;
        }
        numLoads.incrementAndGet();
        locked(() -> {
            slot.since = Instant.now();
            slot.lastUse = System.nanoTime();
            slot.keepAlive = options.keepAlive();
            slot.state = Slot.State.READY;
            changed.signalAll();
        });
    }

    private static ServeException failure(Slot slot, Throwable e) {
        return e instanceof ServeException known ? known : new ServeException(500, "server_error", "model",
                "the model '" + slot.name + "' cannot be loaded: " + (e instanceof IOException
                        || e instanceof IllegalArgumentException ? ErrorText.of(e) : e.toString()));
    }

    /// Reserves the memory of a model, and closes idle ones if it must.
    ///
    /// @throws ServeException if the models in use leave too little: status 503
    private void makeRoom(Slot slot, long bytes) {
        locked(() -> slot.weightBytes = bytes);
        while (true) {
            Slot victim;
            lock.lock();
            try {
                long others = reserved + slots.values().stream().filter(Slot::holdsMemory)
                        .mapToLong(other -> other.weightBytes + MIN_STATE_BYTES).sum();
                long needed = bytes + MIN_STATE_BYTES;
                if (others + needed <= options.memoryBytes()) {
                    slot.hasRoom = true;
                    return;
                }
                victim = needed <= options.memoryBytes() ? leastRecentlyUsed() : null;
                if (victim == null && !(needed <= options.memoryBytes() && isClosing())) {
                    throw noRoom(slot, needed, others);
                }
                if (victim == null) {
                    changed.awaitUninterruptibly();
                    continue;
                }
                victim.state = Slot.State.CLOSING;
            } finally {
                lock.unlock();
            }
            close(victim);
        }
    }

    private ServeException noRoom(Slot slot, long needed, long others) {
        String found = "found " + mebibytes(options.memoryBytes() - others) + " MiB free of "
                + mebibytes(options.memoryBytes()) + " MiB";
        return new ServeException(503, "overloaded_error", "model", "the model '" + slot.name + "' needs "
                + mebibytes(needed) + " MiB for its weights and the least KV cache; " + found
                + (needed > options.memoryBytes() ? "; the server's option --memory raises the limit"
                : ", and the models that have the rest are in use; try again later"));
    }

    private static long mebibytes(long bytes) {
        return bytes >> 20;
    }

    private boolean isClosing() {
        return slots.values().stream().anyMatch(slot -> slot.state == Slot.State.CLOSING);
    }

    private Slot leastRecentlyUsed() {
        Slot oldest = null;
        for (Slot slot : slots.values()) {
            if (slot.isIdle() && slot.source != null && (oldest == null || slot.lastUse < oldest.lastUse)) {
                oldest = slot;
            }
        }
        return oldest;
    }

    /// Closes a model whose state is CLOSING, if it was loaded.
    void close(Slot slot) {
        locked(() -> {
            while (slot.numPins > 0) {
                changed.awaitUninterruptibly();
            }
        });
        try {
            if (slot.model != null) {
                slot.model.close();
            }
        } finally {
            locked(() -> {
                slot.model = null;
                slot.hasRoom = false;
                slot.state = Slot.State.UNLOADED;
                changed.signalAll();
            });
        }
    }

    /// Sets the limits of the KV caches of all models that are in memory.
    private void shareState() {
        pinned(there -> {
            long weights = reserved + there.stream().mapToLong(slot -> slot.weightBytes).sum();
            long share = Math.max(MIN_STATE_BYTES, (options.memoryBytes() - weights) / Math.max(1, there.size()));
            there.forEach(slot -> slot.model.limitState(share));
        });
    }

    /// Runs work with all models that are in memory, which are not closed meanwhile.
    void pinned(Consumer<List<Slot>> work) {
        List<Slot> there = new ArrayList<>();
        locked(() -> slots.values().stream().filter(slot -> slot.model != null && slot.state != Slot.State.CLOSING)
                .forEach(slot -> {
                    slot.numPins++;
                    there.add(slot);
                }));
        try {
            work.accept(there);
        } finally {
            locked(() -> {
                there.forEach(slot -> slot.numPins--);
                changed.signalAll();
            });
        }
    }

    /// Closes models that were idle for as long as they are kept.
    void closeExpired() {
        for (Slot slot = nextExpired(); slot != null; slot = nextExpired()) {
            close(slot);
        }
    }

    private Slot nextExpired() {
        lock.lock();
        try {
            long now = System.nanoTime();
            for (Slot slot : slots.values()) {
                if (slot.source != null && slot.hasExpired(now)) {
                    slot.state = Slot.State.CLOSING;
                    return slot;
                }
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    void locked(Runnable work) {
        lock.lock();
        try {
            work.run();
        } finally {
            lock.unlock();
        }
    }

    <T> T locked(Supplier<T> value) {
        lock.lock();
        try {
            return value.get();
        } finally {
            lock.unlock();
        }
    }
}
