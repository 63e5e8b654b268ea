package glia.engine.state;

import java.lang.foreign.Arena;

/// A block of native memory with reference counts. Sequences with the same tokens share it; a shared block is copied
/// before it is written. Allocated, counted and freed by its `BlockPool`.
final class Block {
    /// A cache line.
    private static final long ALIGNMENT = 64;

    /// Each block has its own arena, so that it can be freed for blocks of another size.
    private final Arena arena = Arena.ofShared();
    final long address;
    final long bytes;
    /// References of sequences.
    int references;
    /// References of caches, which are dropped when memory is short.
    int cached;

    /// @throws OutOfMemoryError if the system refuses
    Block(long bytes) {
        this.bytes = bytes;
        try {
            address = arena.allocate(bytes, ALIGNMENT).address();
        } catch (OutOfMemoryError e) {
            arena.close();
            throw e;
        }
    }

    /// Whether it has more than one reference.
    boolean isShared() {
        return references + cached > 1;
    }

    /// Whether only caches refer to it.
    boolean isOnlyCached() {
        return references == 0 && cached > 0;
    }

    /// Frees the memory.
    void free() {
        arena.close();
    }
}
