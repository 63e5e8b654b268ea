package glia.engine.state;

import glia.io.FileErrors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.LongFunction;

/// The memory of all sequences: blocks of a few sizes with reference counts, up to a limit. Blocks that only caches
/// refer to count as free. A block has an id and an address, which changes when it moves to a file because memory is
/// short: first blocks that only caches refer to, then the newest full ones, since a pass reads them all in turn. For
/// the engine's thread.
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
    /// By id; ids begin at 1.
    private Block[] all = new Block[16];
    private long[] addresses = new long[16];
    private int numIds = 1;
    private final Deque<Integer> freeIds = new ArrayDeque<>();
    private final LongFunction<Block> memory;
    private volatile long limitBytes;
    private volatile long usedBytes;
    private long cachedBytes;
    private long allocatedBytes;
    /// Of allocated blocks those in memory.
    private long memoryBytes;
    private long memoryLimitBytes = Long.MAX_VALUE;
    private long numFull;
    /// Null if all blocks stay in memory.
    private final BlockFile.Overflow overflow;
    /// Created with the first move.
    private BlockFile file;
    /// Why the last block could not move; null if it could.
    private String trouble;
    private long epoch;
    private boolean isClosed;

    /// @param limitBytes the most that blocks may take together
    public BlockPool(long limitBytes) {
        this(limitBytes, null, Block::new);
    }

    /// A pool whose blocks move to a file when they have no more room in memory.
    ///
    /// @param memoryBytes the most memory
    /// @param folder of the file, which may fill nine tenths of the free disk
    public BlockPool(long memoryBytes, Path folder) {
        this(new BlockFile.Overflow(memoryBytes, folder));
    }

    private BlockPool(BlockFile.Overflow overflow) {
        this(overflow.limitBytes(), overflow, Block::new);
    }

    /// An empty pool with the same limits.
    public BlockPool another() {
        return new BlockPool(limitBytes, overflow, Block::new);
    }

    /// The most bytes for cached prefixes: the limit; with a file four times the memory, or as much as a full context
    /// takes.
    long cacheLimitBytes(long contextBytes) {
        return overflow == null ? limitBytes
                : Math.min(limitBytes, Math.max(4 * overflow.memoryBytes(), contextBytes));
    }

    /// @param memory allocates a block of a size
    BlockPool(long limitBytes, LongFunction<Block> memory) {
        this(limitBytes, null, memory);
    }

    private BlockPool(long limitBytes, BlockFile.Overflow overflow, LongFunction<Block> memory) {
        this.limitBytes = limitBytes;
        this.overflow = overflow;
        this.memory = memory;
        if (overflow != null) {
            memoryLimitBytes = overflow.memoryBytes() - overflow.windowBytes();
        }
    }

    /// The block with an id; null for 0.
    Block block(int id) {
        return all[id];
    }

    /// The addresses of blocks by id, until the next block is taken.
    long[] addresses() {
        return addresses;
    }

    /// Whether pages of the file are to be unloaded once a layer has read them.
    boolean unloadsPages() {
        return overflow != null && allocatedBytes - memoryBytes > overflow.windowBytes();
    }

    /// Bytes of the blocks in memory, in use or free.
    long memoryBytes() {
        return memoryBytes;
    }

    /// Marks a block whose last position was computed: no pass writes it any more, so it may move.
    void setFull(Block block) {
        block.fullSince = ++numFull;
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
            long excess = bytes - (memoryLimitBytes - memoryBytes);
            if (isAllowed && excess > 0 && (freeOther(from, excess) || moveToFile())) {
                continue;
            }
            if (!freeOther(from, isAllowed ? bytes : bytes - (limitBytes - allocatedBytes)) && !reclaim()) {
                throw new StateMemoryException(trouble != null ? trouble : isAllowed && excess > 0
                        ? "the KV cache needs more than " + mebibytes(overflow.memoryBytes()) + " MiB of memory for "
                        + "one pass: use a larger --kv-memory"
                        : isAllowed ? "the system refuses " + mebibytes(bytes)
                        + " MiB more for the KV cache, beside the " + mebibytes(allocatedBytes) + " MiB they have: "
                        + "use a smaller --context or fewer streams"
                        : "the KV cache takes " + mebibytes(usedBytes) + " MiB, " + mebibytes(bytes)
                        + " MiB more would pass the limit of " + mebibytes(limitBytes)
                        + " MiB: use a smaller --context, fewer streams or more memory");
            }
        }
        Block block = from.blocks.removeLast();
        block.references = 1;
        block.fullSince = 0;
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
        if (to.blockBytes > limitBytes - allocatedBytes || to.blockBytes > memoryLimitBytes - memoryBytes) {
            return false;
        }
        try {
            Block block = memory.apply(to.blockBytes);
            register(block);
            to.blocks.add(block);
            allocatedBytes += block.bytes;
            memoryBytes += block.bytes;
            return true;
        } catch (OutOfMemoryError e) {
            return false;
        }
    }

    private void register(Block block) {
        int id = freeIds.isEmpty() ? numIds++ : freeIds.pop();
        if (id == all.length) {
            all = Arrays.copyOf(all, 2 * id);
            addresses = Arrays.copyOf(addresses, 2 * id);
        }
        all[id] = block;
        addresses[id] = block.address();
        block.id(id);
    }

    /// Moves a block from memory to the file.
    ///
    /// @return false if none can move or the file takes none
    private boolean moveToFile() {
        Block next = null;
        for (int id = 1; id < numIds; id++) {
            if (all[id] != null && all[id].canMove() && (next == null || all[id].movesBefore(next))) {
                next = all[id];
            }
        }
        if (next == null || overflow == null) {
            return false;
        }
        try {
            file = file == null ? new BlockFile(overflow.folder()) : file;
            next.moveTo(file);
        } catch (IOException e) {
            trouble = "the KV cache cannot move " + mebibytes(next.bytes) + " MiB to a file in " + overflow.folder()
                    + ": " + FileErrors.reason(e) + ". Free some space there, or use a larger --kv-memory or a smaller "
                    + "--context";
            return false;
        }
        trouble = null;
        addresses[next.id()] = next.address();
        memoryBytes -= next.bytes;
        return true;
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
                putBack(block);
            }
        }
    }

    private void putBack(Block block) {
        if (block.place() == Block.Place.MEMORY) {
            freeList(block.bytes).blocks.add(block);
        } else if (!isClosed) {
            free(block);
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
            putBack(block);
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

    /// Sets the model's share of memory: the limit of all blocks, or, if there is a file, of those in memory, at most
    /// that of the overflow; others move to the file.
    public void shareBytes(long bytes) {
        if (overflow == null) {
            limitBytes(bytes);
            return;
        }
        memoryLimitBytes = Math.min(bytes, overflow.memoryBytes()) - overflow.windowBytes();
        while (memoryBytes > memoryLimitBytes && (freeOther(null, memoryBytes - memoryLimitBytes) || moveToFile())) {
            // The next one.
        }
    }

    private void free(FreeList list) {
        free(list.blocks.removeLast());
    }

    private void free(Block block) {
        all[block.id()] = null;
        addresses[block.id()] = 0;
        freeIds.push(block.id());
        allocatedBytes -= block.bytes;
        memoryBytes -= block.place() == Block.Place.MEMORY ? block.bytes : 0;
        block.free();
    }

    @Override
    public void close() {
        isClosed = true;
        for (int id = 1; id < numIds; id++) {
            if (all[id] != null) {
                all[id].free();
            }
        }
        freeLists.clear();
        if (file != null) {
            file.close();
        }
    }
}
