package glia.engine.state;

import java.lang.foreign.Arena;
import java.util.Arrays;

/// Blocks of one size that were allocated together, and can be given back to the system only together.
final class Slab {
    private static final long ALIGNMENT = 64;

    private final Arena arena = Arena.ofShared();
    private final long blockBytes;
    private final Block[] free;
    private int numFree;

    /// @throws OutOfMemoryError if the system refuses
    Slab(long blockBytes, int count) {
        this.blockBytes = blockBytes;
        long address;
        try {
            address = arena.allocate(count * blockBytes, ALIGNMENT).address();
        } catch (OutOfMemoryError e) {
            arena.close();
            throw e;
        }
        free = new Block[count];
        Arrays.setAll(free, i -> new Block(this, address + (count - 1L - i) * blockBytes));
        numFree = count;
    }

    long blockBytes() {
        return blockBytes;
    }

    long sizeBytes() {
        return free.length * blockBytes;
    }

    boolean isFull() {
        return numFree == 0;
    }

    boolean isUnused() {
        return numFree == free.length;
    }

    Block take() {
        return free[--numFree];
    }

    void giveBack(Block block) {
        free[numFree++] = block;
    }

    void close() {
        arena.close();
    }
}
