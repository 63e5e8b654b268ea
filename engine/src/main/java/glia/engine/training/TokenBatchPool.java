package glia.engine.training;

import java.util.ArrayDeque;
import java.util.Deque;

/// Batches whose memory is reused, so that a training loop allocates no heap for the tokens of each step. Who takes a
/// batch gives it back with `TokenBatch.release`; those that are not given back are left to the garbage collector.
public final class TokenBatchPool {
    private final Deque<TokenBatch> free = new ArrayDeque<>();

    /// Creates an empty pool.
    public TokenBatchPool() { }

    /// An empty batch.
    public synchronized TokenBatch batch() {
        TokenBatch batch = free.isEmpty() ? new TokenBatch(this) : free.removeLast();
        batch.clear();
        return batch;
    }

    synchronized void take(TokenBatch batch) {
        if (!free.contains(batch)) {
            free.addLast(batch);
        }
    }
}
