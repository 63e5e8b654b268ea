package glia.engine.state;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.LongFunction;

/// The memory of all sequences: blocks of a few sizes with reference counts, up to a limit. Blocks that only caches
/// refer to count as free. For the engine's thread.
public final class BlockPool implements AutoCloseable {
    /// A cache whose blocks can be freed.
    interface Reclaimer {
        /// Frees the least recently used block.
        ///
        /// @return false if there is none
        boolean reclaim();
    }

    /// Free blocks of one size.
    private static final class FreeList {
        private final long blockBytes;
        private final List<Block> blocks = new ArrayList<>();

        FreeList(long blockBytes) {
            this.blockBytes = blockBytes;
        }
    }

    /// By block size; there are few.
    private final List<FreeList> freeLists = new ArrayList<>();
    private final List<Reclaimer> reclaimers = new ArrayList<>();
    private final Set<Block> all = Collections.newSetFromMap(new IdentityHashMap<>());
    private final LongFunction<Block> memory;
    private volatile long limitBytes;
    private volatile long usedBytes;
    private long cachedBytes;
    private long allocatedBytes;
    private long epoch;
    private boolean isClosed;

    /// @param limitBytes the most that blocks may take together
    public BlockPool(long limitBytes) {
        this(limitBytes, Block::new);
    }

    /// @param memory allocates a block of a size
    BlockPool(long limitBytes, LongFunction<Block> memory) {
        this.limitBytes = limitBytes;
        this.memory = memory;
    }

    /// The number of times that caches were cleared. Tokens computed before are not inserted any more.
    long epoch() {
        return epoch;
    }

    void nextEpoch() {
        epoch++;
    }

    /// Takes a block of `bytes` bytes with one reference. Its content is undefined.
    ///
    /// @throws StateMemoryException if the limit is reached and caches hold no block that can be freed
    /// @throws IllegalStateException if the pool is closed
    Block take(long bytes) {
        if (isClosed) {
            throw new IllegalStateException("the model is closed");
        }
        FreeList from = freeList(bytes);
        while (from.blocks.isEmpty() && !allocate(from)) {
            boolean isAllowed = bytes <= limitBytes - allocatedBytes;
            if (!freeOther(from, isAllowed ? bytes : bytes - (limitBytes - allocatedBytes)) && !reclaim()) {
                throw new StateMemoryException(isAllowed ? "the system refuses " + mebibytes(bytes)
                        + " MiB more for the KV cache, beside the " + mebibytes(allocatedBytes) + " MiB they have: "
                        + "use a smaller --context or fewer streams"
                        : "the KV cache takes " + mebibytes(usedBytes) + " MiB, " + mebibytes(bytes)
                        + " MiB more would pass the limit of " + mebibytes(limitBytes)
                        + " MiB: use a smaller --context, fewer streams or more memory");
            }
        }
        Block block = from.blocks.removeLast();
        block.references = 1;
        usedBytes += bytes;
        return block;
    }

    private FreeList freeList(long bytes) {
        for (int i = 0; i < freeLists.size(); i++) {
            if (freeLists.get(i).blockBytes == bytes) {
                return freeLists.get(i);
            }
        }
        freeLists.add(new FreeList(bytes));
        return freeLists.getLast();
    }

    /// @return false if the limit or the system refuses
    private boolean allocate(FreeList to) {
        if (to.blockBytes > limitBytes - allocatedBytes) {
            return false;
        }
        try {
            Block block = memory.apply(to.blockBytes);
            all.add(block);
            to.blocks.add(block);
            allocatedBytes += block.bytes;
            return true;
        } catch (OutOfMemoryError e) {
            return false;
        }
    }

    /// Frees at least `bytes` bytes of free blocks of other sizes.
    private boolean freeOther(FreeList needy, long bytes) {
        long before = allocatedBytes;
        for (FreeList other : freeLists) {
            while (other != needy && !other.blocks.isEmpty() && before - allocatedBytes < bytes) {
                free(other);
            }
        }
        return allocatedBytes < before;
    }

    private boolean reclaim() {
        for (int i = 0; cachedBytes > 0 && i < reclaimers.size(); i++) {
            if (reclaimers.get(i).reclaim()) {
                return true;
            }
        }
        return false;
    }

    /// Registers a cache whose blocks are freed before a sequence fails for lack of memory.
    void add(Reclaimer reclaimer) {
        reclaimers.add(reclaimer);
    }

    void remove(Reclaimer reclaimer) {
        reclaimers.remove(reclaimer);
    }

    /// Adds a reference of a sequence.
    void retain(Block block) {
        if (block.isOnlyCached()) {
            cachedBytes -= block.bytes;
            usedBytes += block.bytes;
        }
        block.references++;
    }

    /// Removes a reference of a sequence.
    void release(Block block) {
        if (--block.references == 0) {
            usedBytes -= block.bytes;
            if (block.cached > 0) {
                cachedBytes += block.bytes;
            } else {
                freeList(block.bytes).blocks.add(block);
            }
        }
    }

    /// Adds a reference of a cache to a block with references.
    void cache(Block block) {
        block.cached++;
    }

    /// Removes a reference of a cache.
    void uncache(Block block) {
        if (--block.cached == 0 && block.references == 0) {
            cachedBytes -= block.bytes;
            freeList(block.bytes).blocks.add(block);
        }
    }

    private static long mebibytes(long bytes) {
        return bytes >> 20;
    }

    /// Bytes in blocks that sequences refer to, each counted once. For any thread.
    public long usedBytes() {
        return usedBytes;
    }

    /// Bytes in blocks that only caches refer to.
    public long cachedBytes() {
        return cachedBytes;
    }

    /// Bytes of all blocks: those in use, cached ones and free ones.
    public long allocatedBytes() {
        return allocatedBytes;
    }

    /// Bytes available to sequences: free ones, and those that only caches refer to.
    public long freeBytes() {
        return limitBytes - usedBytes;
    }

    /// The most bytes that blocks may take together.
    public long limitBytes() {
        return limitBytes;
    }

    /// Sets the most that blocks may take together. Free and cached blocks beyond it are freed at once; blocks of
    /// sequences stay until these end or are preempted.
    public void limitBytes(long bytes) {
        limitBytes = bytes;
        do {
            for (FreeList list : freeLists) {
                while (allocatedBytes > limitBytes && !list.blocks.isEmpty()) {
                    free(list);
                }
            }
        } while (allocatedBytes > limitBytes && reclaim());
    }

    private void free(FreeList list) {
        Block block = list.blocks.removeLast();
        all.remove(block);
        allocatedBytes -= block.bytes;
        block.free();
    }

    @Override
    public void close() {
        isClosed = true;
        all.forEach(Block::free);
        all.clear();
        freeLists.clear();
    }
}
