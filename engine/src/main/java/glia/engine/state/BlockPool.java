package glia.engine.state;

import java.util.ArrayList;
import java.util.List;

/// The memory of all sequences: blocks of a few sizes with reference counts, never more than a limit in all. Blocks
/// that only caches refer to are free for whoever needs them. Belongs to the engine's thread.
public final class BlockPool implements AutoCloseable {
    /// Somebody who holds blocks that can be done without.
    interface Reclaimer {
        /// Gives up what was used the longest ago.
        ///
        /// @return false if there is nothing
        boolean reclaim();
    }

    /// By size; there are no more than a few.
    private final List<Slabs> slabs = new ArrayList<>();
    private final List<Reclaimer> reclaimers = new ArrayList<>();
    private final long limitBytes;
    private long usedBytes;
    private long cachedBytes;
    private long allocatedBytes;

    /// @param limitBytes the most that blocks may take together
    public BlockPool(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    /// A block of `bytes` bytes with one reference. What it holds is left over from its last user.
    ///
    /// @throws StateMemoryException if the limit is reached and nothing is left that only caches refer to
    Block take(long bytes) {
        Slabs from = slabs(bytes);
        while (!from.hasFree() && !grow(from)) {
            if (!release(from) && !reclaim()) {
                throw new StateMemoryException("keys and values take " + mebibytes(usedBytes) + " MiB, "
                        + mebibytes(bytes) + " MiB more would pass the limit of " + mebibytes(limitBytes)
                        + " MiB: use a smaller --context, fewer streams or more memory");
            }
        }
        Block block = from.take();
        block.references = 1;
        usedBytes += bytes;
        return block;
    }

    private Slabs slabs(long bytes) {
        for (int i = 0; i < slabs.size(); i++) {
            if (slabs.get(i).blockBytes() == bytes) {
                return slabs.get(i);
            }
        }
        slabs.add(new Slabs(bytes));
        return slabs.getLast();
    }

    private boolean grow(Slabs size) {
        try {
            long bytes = size.grow(limitBytes - allocatedBytes);
            allocatedBytes += bytes;
            return bytes > 0;
        } catch (OutOfMemoryError e) {
            if (release(size) || reclaim()) {
                return false;
            }
            throw new StateMemoryException("the system refuses " + mebibytes(size.blockBytes())
                    + " MiB more for keys and values, beside the " + mebibytes(allocatedBytes) + " MiB they have: "
                    + "use a smaller --context or fewer streams");
        }
    }

    /// Makes room with what blocks of other sizes do not need.
    private boolean release(Slabs needy) {
        long bytes = 0;
        for (Slabs other : slabs) {
            bytes += other == needy ? 0 : other.release();
        }
        allocatedBytes -= bytes;
        return bytes > 0;
    }

    private boolean reclaim() {
        for (int i = 0; cachedBytes > 0 && i < reclaimers.size(); i++) {
            if (reclaimers.get(i).reclaim()) {
                return true;
            }
        }
        return false;
    }

    /// Asks somebody to give up blocks before a sequence goes without.
    void add(Reclaimer reclaimer) {
        reclaimers.add(reclaimer);
    }

    void remove(Reclaimer reclaimer) {
        reclaimers.remove(reclaimer);
    }

    /// Another sequence refers to a block.
    void retain(Block block) {
        if (block.isOnlyCached()) {
            cachedBytes -= block.bytes();
            usedBytes += block.bytes();
        }
        block.references++;
    }

    /// A sequence refers to a block no longer.
    void release(Block block) {
        if (--block.references == 0) {
            usedBytes -= block.bytes();
            if (block.cached > 0) {
                cachedBytes += block.bytes();
            } else {
                slabs(block.bytes()).giveBack(block);
            }
        }
    }

    /// Another cache refers to a block that somebody refers to.
    void cache(Block block) {
        block.cached++;
    }

    /// A cache refers to a block no longer.
    void uncache(Block block) {
        if (--block.cached == 0 && block.references == 0) {
            cachedBytes -= block.bytes();
            slabs(block.bytes()).giveBack(block);
        }
    }

    private static long mebibytes(long bytes) {
        return bytes >> 20;
    }

    /// Bytes in blocks that sequences refer to, each counted once.
    public long usedBytes() {
        return usedBytes;
    }

    /// Bytes in blocks that only caches refer to.
    public long cachedBytes() {
        return cachedBytes;
    }

    /// Bytes that sequences can still take: those that nobody uses, and those that only caches refer to. Blocks smaller
    /// than 256 KiB are allocated together, so that of each size so much may be kept from blocks of other sizes.
    public long freeBytes() {
        return limitBytes - usedBytes;
    }

    /// The most bytes that blocks may take together.
    public long limitBytes() {
        return limitBytes;
    }

    @Override
    public void close() {
        slabs.forEach(Slabs::close);
    }
}
