package glia.engine.state;

import java.lang.foreign.Arena;

/// A piece of native memory with reference counts. Sequences that remember the same share it; whoever wants to write
/// to a shared block copies it before. Made, counted and freed by its `BlockPool`.
final class Block {
    /// Of a cache line, which suits vectors too.
    private static final long ALIGNMENT = 64;

    /// A block is given back to the system alone, so that blocks of another size may have its room.
    private final Arena arena = Arena.ofShared();
    final long address;
    final long bytes;
    /// References of sequences.
    int references;
    /// References of caches, which give them up when memory is short.
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

    /// Whether somebody else would see what is written to it.
    boolean isShared() {
        return references + cached > 1;
    }

    /// Whether only caches refer to it.
    boolean isOnlyCached() {
        return references == 0 && cached > 0;
    }

    /// Gives the memory back to the system.
    void free() {
        arena.close();
    }
}
