package glia.engine.state;

import java.util.ArrayList;
import java.util.List;

/// The slabs of a pool whose blocks have one size.
final class Slabs {
    /// Smaller blocks are allocated together, larger ones each for itself.
    private static final long SLAB_BYTES = 256L << 10;

    private final long blockBytes;
    private final List<Slab> all = new ArrayList<>();
    /// Those with a free block.
    private final List<Slab> open = new ArrayList<>();

    Slabs(long blockBytes) {
        this.blockBytes = blockBytes;
    }

    long blockBytes() {
        return blockBytes;
    }

    boolean hasFree() {
        return !open.isEmpty();
    }

    /// Allocates a slab.
    ///
    /// @param room the most bytes that it may have
    /// @return its bytes, 0 if there is no room
    /// @throws OutOfMemoryError if the system refuses
    long grow(long room) {
        int count = (int) Math.min(room / blockBytes, Math.max(1, SLAB_BYTES / blockBytes));
        if (count == 0) {
            return 0;
        }
        Slab slab = new Slab(blockBytes, count);
        all.add(slab);
        open.add(slab);
        return slab.sizeBytes();
    }

    Block take() {
        Slab slab = open.getLast();
        Block block = slab.take();
        if (slab.isFull()) {
            open.removeLast();
        }
        return block;
    }

    void giveBack(Block block) {
        if (block.slab.isFull()) {
            open.add(block.slab);
        }
        block.slab.giveBack(block);
    }

    /// Gives slabs of which no block is used back to the system, and says how many bytes that are.
    long release() {
        long bytes = 0;
        for (int i = open.size() - 1; i >= 0; i--) {
            Slab slab = open.get(i);
            if (slab.isUnused()) {
                open.remove(i);
                all.remove(slab);
                bytes += slab.sizeBytes();
                slab.close();
            }
        }
        return bytes;
    }

    void close() {
        all.forEach(Slab::close);
    }
}
