package glia.engine.state;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A block of 64 positions with a page for each layer, or of recurrent states, with reference counts. Sequences with
/// the same tokens share it; a shared block is copied before it is written. It is in memory, or in a file once no pass
/// writes it any more. Allocated, moved, counted and freed by its `BlockPool`.
final class Block {
    /// Where the content is.
    enum Place { MEMORY, FILE }

    /// A cache line.
    private static final long ALIGNMENT = 64;

    final long bytes;
    private int id;
    /// Each block has its own arena, so that it can be freed for blocks of another size. Null in a file.
    private Arena arena;
    private MemorySegment content;
    private BlockFile file;
    private BlockFile.Slot slot;
    /// References of sequences.
    int references;
    /// References of caches, which are dropped when memory is short.
    int cached;
    /// Orders blocks by when their last position was computed; 0 if passes may still write it.
    long fullSince;

    /// Creates a block in memory.
    ///
    /// @throws OutOfMemoryError if the system refuses
    Block(long bytes) {
        this.bytes = bytes;
        arena = Arena.ofShared();
        try {
            content = arena.allocate(bytes, ALIGNMENT);
        } catch (OutOfMemoryError e) {
            arena.close();
            throw e;
        }
    }

    int id() {
        return id;
    }

    void id(int number) {
        id = number;
    }

    /// Where the content begins, until the block moves.
    long address() {
        return content.address();
    }

    Place place() {
        return arena != null ? Place.MEMORY : Place.FILE;
    }

    /// Whether it has more than one reference.
    boolean isShared() {
        return references + cached > 1;
    }

    /// Whether only caches refer to it.
    boolean isOnlyCached() {
        return references == 0 && cached > 0;
    }

    /// Whether it is in memory and used, and no pass writes it.
    boolean canMove() {
        return place() == Place.MEMORY && (isOnlyCached() || references > 0 && fullSince > 0);
    }

    boolean movesBefore(Block other) {
        if (isOnlyCached() != other.isOnlyCached()) {
            return isOnlyCached();
        }
        return isOnlyCached() ? fullSince < other.fullSince : fullSince > other.fullSince;
    }

    /// Moves the content to a file. On failure nothing has changed.
    void moveTo(BlockFile to) throws IOException {
        slot = to.write(content);
        file = to;
        content = slot.content();
        arena.close();
        arena = null;
    }

    /// Gives back the memory into which a part of the file was read; the next access reads it again.
    void unload(long offset, long size) {
        if (place() == Place.FILE) {
            content.asSlice(offset, size).unload();
        }
    }

    /// Frees the memory or the place in the file.
    void free() {
        if (place() == Place.MEMORY) {
            arena.close();
        } else {
            file.free(slot);
        }
    }
}
