package glia.engine.state;

import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValues;
import java.util.Arrays;

/// The blocks that hold the keys and values of one sequence in the layers of a group: block `i` holds positions `64 i`
/// to `64 i + 63`. Forks share blocks; a table copies a shared block before it writes to it (copy-on-write). Where the
/// span slides, blocks that no later token attends to are freed.
final class BlockTable {
    private static final int BLOCK_TOKENS = BlockGroup.BLOCK_TOKENS;
    private static final int FIRST_CAPACITY = 2;

    private final BlockGroup group;
    private final BlockPool pool;
    /// Null where a block has left the span.
    private Block[] blocks;
    /// For kernels: the addresses of the blocks, 0 where there is none.
    private long[] addresses;
    private int numBlocks;
    /// The number of computed tokens.
    private int length;
    /// Tokens that a pass is appending.
    private int pending;
    /// The last block as it was before the pass, if the pass writes to a copy of it.
    private Block replaced;

    BlockTable(BlockGroup group, BlockPool pool) {
        this(group, pool, new Block[FIRST_CAPACITY], new long[FIRST_CAPACITY]);
    }

    private BlockTable(BlockGroup group, BlockPool pool, Block[] blocks, long[] addresses) {
        this.group = group;
        this.pool = pool;
        this.blocks = blocks;
        this.addresses = addresses;
    }

    /// A table that shares all blocks.
    BlockTable fork() {
        int capacity = Math.max(FIRST_CAPACITY, numBlocks);
        BlockTable fork = new BlockTable(group, pool, Arrays.copyOf(blocks, capacity),
                Arrays.copyOf(addresses, capacity));
        fork.numBlocks = numBlocks;
        fork.length = length;
        for (int i = 0; i < numBlocks; i++) {
            if (blocks[i] != null) {
                pool.retain(blocks[i]);
            }
        }
        return fork;
    }

    BlockGroup group() {
        return group;
    }

    /// The number of computed tokens.
    int length() {
        return length;
    }

    /// The most bytes that `count` more tokens take, in passes of up to `passTokens`.
    long bytesToAppend(int count, int passTokens) {
        if (count == 0) {
            return 0;
        }
        int end = length + count;
        int most = BlockGroup.blocksOf(end) - numBlocks;
        if (group.slides() && passTokens < count) {
            most = 0;
            // Passes may begin anywhere in a block.
            for (int at = length; at < end; at += BLOCK_TOKENS) {
                long passEnd = Math.min(end, at + BLOCK_TOKENS - 1L + passTokens);
                most = Math.max(most, BlockGroup.blocksOf((int) passEnd) - group.firstBlock(at) - numHeld());
            }
        }
        return (Math.max(0L, most) + (mustCopy() ? 1 : 0)) * group.blockBytes();
    }

    private int numHeld() {
        return Math.max(0, numBlocks - group.firstBlock(length));
    }

    /// Whether the next token goes to a shared block.
    private boolean mustCopy() {
        return length % BLOCK_TOKENS != 0 && blocks[length / BLOCK_TOKENS].isShared();
    }

    /// Takes the blocks that `count` more tokens need, and copies the last one if it is shared.
    ///
    /// @throws StateMemoryException if the memory does not suffice; `retract` then frees what was taken
    void prepare(int count) {
        if (count == 0) {
            return;
        }
        if (mustCopy()) {
            int last = length / BLOCK_TOKENS;
            Block copy = pool.take(group.blockBytes());
            group.copy(blocks[last], copy, length % BLOCK_TOKENS);
            replaced = blocks[last];
            set(last, copy);
        }
        for (int end = BlockGroup.blocksOf(length + count); numBlocks < end; ) {
            Block block = pool.take(group.blockBytes());
            ensureCapacity(numBlocks + 1);
            set(numBlocks++, block);
        }
        pending = count;
    }

    private void ensureCapacity(int count) {
        if (count > blocks.length) {
            int capacity = Math.max(count, 2 * blocks.length);
            blocks = Arrays.copyOf(blocks, capacity);
            addresses = Arrays.copyOf(addresses, capacity);
        }
    }

    private void set(int i, Block block) {
        blocks[i] = block;
        addresses[i] = block.address;
    }

    /// Stores the rows `from` to `to` of a pass in a layer's part of the prepared blocks, and sets the view of the
    /// layer's keys and values.
    ///
    /// @param store converts them to the type of the KV cache
    void append(BlockGroup.Part part, Tensor keys, Tensor values, int from, int to, KeyValues view, RowStore store) {
        if (to - from != pending) {
            throw new IllegalStateException((to - from) + " tokens are appended, " + pending + " were prepared");
        }
        store.run(keys, from, to, part.keys(), addresses, length);
        if (!part.keysAreValues()) {
            store.run(values, from, to, part.values(), addresses, length);
        }
        view.view(addresses, length + pending);
    }

    /// Commits the tokens of the pass.
    void advance() {
        length += pending;
        pending = 0;
        if (replaced != null) {
            pool.release(replaced);
            replaced = null;
        }
    }

    /// Frees the blocks that no token from `position` on attends to.
    void slide(int position) {
        for (int i = Math.min(group.firstBlock(position), numBlocks) - 1; i >= 0 && blocks[i] != null; i--) {
            drop(i);
        }
    }

    /// Whether the blocks that a sequence of `newLength` tokens needs are still there.
    boolean canTruncate(int newLength) {
        int first = group.firstBlock(newLength);
        return newLength == 0 || first >= numBlocks || blocks[first] != null;
    }

    /// Removes the tokens from `newLength` on, and those of a pass.
    void truncate(int newLength) {
        if (replaced != null) {
            int last = length / BLOCK_TOKENS;
            pool.release(blocks[last]);
            set(last, replaced);
            replaced = null;
        }
        length = newLength;
        pending = 0;
        for (int kept = BlockGroup.blocksOf(length); numBlocks > kept; numBlocks--) {
            drop(numBlocks - 1);
        }
    }

    /// The block that holds positions from `64 i` on; null if there is none.
    Block block(int i) {
        return i < numBlocks ? blocks[i] : null;
    }

    /// The blocks that a sequence of `newLength` tokens needs to continue, if they are still there.
    Block[] window(int newLength) {
        int first = group.firstBlock(newLength);
        return Arrays.copyOfRange(blocks, first, first + group.neededBlocks(newLength));
    }

    /// Replaces the content by `newLength` tokens of another table.
    ///
    /// @param window the result of `window` of that table
    void restore(int newLength, Block[] window) {
        truncate(0);
        ensureCapacity(BlockGroup.blocksOf(newLength));
        int first = BlockGroup.blocksOf(newLength) - window.length;
        for (int i = 0; i < window.length; i++) {
            pool.retain(window[i]);
            set(first + i, window[i]);
        }
        numBlocks = BlockGroup.blocksOf(newLength);
        length = newLength;
    }

    private void drop(int i) {
        if (blocks[i] != null) {
            pool.release(blocks[i]);
            blocks[i] = null;
            addresses[i] = 0;
        }
    }
}
