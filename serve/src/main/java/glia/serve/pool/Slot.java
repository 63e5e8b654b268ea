package glia.serve.pool;

import glia.engine.LanguageModel;
import glia.serve.request.ServeException;
import java.time.Instant;

/// A model of a pool, loaded or not. Guarded by the pool's lock.
final class Slot {
    /// A slot is loaded and closed by one thread at a time, without the lock.
    enum State { UNLOADED, LOADING, READY, CLOSING }

    /// One attempt to load a model, for which any number of requests wait.
    static final class Attempt {
        ServeException failure;
    }

    final String name;
    final ModelCatalogue.ModelSource source;
    State state = State.UNLOADED;
    /// The attempt while the state is LOADING.
    Attempt attempt;
    LanguageModel model;
    Instant since;
    /// Bytes of the weights; 0 until the first attempt.
    long weightBytes;
    /// Whether its memory is taken or reserved.
    boolean hasRoom;
    int numLeases;
    /// Threads of the pool that use the model for a moment, for which closing it waits.
    int numPins;
    long lastUse;
    KeepAlive keepAlive;

    Slot(String name, ModelCatalogue.ModelSource source, KeepAlive keepAlive) {
        this.name = name;
        this.source = source;
        this.keepAlive = keepAlive;
    }

    boolean isIdle() {
        return state == State.READY && numLeases == 0;
    }

    boolean holdsMemory() {
        return hasRoom;
    }

    /// Whether it has been idle for as long as it is kept.
    boolean hasExpired(long now) {
        return isIdle() && !keepAlive.isForEver() && now - lastUse >= keepAlive.duration().toNanos();
    }
}
