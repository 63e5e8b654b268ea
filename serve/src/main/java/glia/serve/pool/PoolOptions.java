package glia.serve.pool;

import glia.engine.load.MachineMemory;

/// Options of a pool of models.
///
/// @param memoryBytes the most that weights and KV caches of all loaded models take together
/// @param keepAlive how long a model stays loaded after its last request, unless the request says
public record PoolOptions(long memoryBytes, KeepAlive keepAlive) {
    /// Four fifths of the machine's memory; models stay loaded until others need the memory.
    public static PoolOptions defaults() {
        return new PoolOptions(MachineMemory.totalBytes() / 5 * 4, KeepAlive.FOR_EVER);
    }

    public PoolOptions withMemory(long bytes) {
        return new PoolOptions(bytes, keepAlive);
    }

    public PoolOptions withKeepAlive(KeepAlive other) {
        return new PoolOptions(memoryBytes, other);
    }
}
