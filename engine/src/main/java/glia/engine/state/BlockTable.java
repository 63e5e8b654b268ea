package glia.engine.state;

import glia.tensor.Tensor;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.RopeTable;
import glia.tensor.ops.CacheRanks;
import java.util.Arrays;

/// The ids of the blocks that hold the keys and values of one sequence in the layers of a group: block `i` holds
/// positions `64 i` to `64 i + 63`. Forks share blocks; a table copies a shared block before it writes to it
/// (copy-on-write). Where the span slides, blocks that no later token attends to are freed.
final class BlockTable {
    private static final int BLOCK_TOKENS = BlockGroup.BLOCK_TOKENS;
    private static final int FIRST_CAPACITY = 2;

    private final BlockGroup group;
    private final BlockPool pool;
    /// 0 where a block has left the span.
    private int[] ids;
    private int numBlocks;
    /// The number of computed tokens.
    private int length;
    /// Tokens that a pass is appending.
    private int pending;
    /// The last block as it was before the pass, if the pass writes to a copy of it.
    private Block replaced;

    BlockTable(BlockGroup group, BlockPool pool) {
        this(group, pool, new int[FIRST_CAPACITY]);
    }

    private BlockTable(BlockGroup group, BlockPool pool, int[] ids) {
        this.group = group;
        this.pool = pool;
        this.ids = ids;
    }

    /// A table that shares all blocks.
    BlockTable fork() {
        BlockTable fork = new BlockTable(group, pool, Arrays.copyOf(ids, Math.max(FIRST_CAPACITY, numBlocks)));
        fork.numBlocks = numBlocks;
        fork.length = length;
        for (int i = 0; i < numBlocks; i++) {
            if (ids[i] != 0) {
                pool.retain(pool.block(ids[i]));
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
        return group.bytesOf(Math.max(0L, most) + (mustCopy() ? 1 : 0));
    }

    private int numHeld() {
        return Math.max(0, numBlocks - group.firstBlock(length));
    }

    /// Whether the next token goes to a block that is shared or in the file.
    private boolean mustCopy() {
        if (length % BLOCK_TOKENS == 0) {
            return false;
        }
        Block last = block(length / BLOCK_TOKENS);
        return last.isShared() || last.place() != Block.Place.MEMORY;
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
            Block copy = pool.take(group.blockBytes(last));
            replaced = block(last);
            if (group.has(last)) {
                group.copy(replaced, copy, length % BLOCK_TOKENS);
            }
            ids[last] = copy.id();
        } else if (length % BLOCK_TOKENS != 0) {
            block(length / BLOCK_TOKENS).fullSince = 0;
        }
        for (int end = BlockGroup.blocksOf(length + count); numBlocks < end; ) {
            Block block = pool.take(group.blockBytes(numBlocks));
            ensureCapacity(numBlocks + 1);
            ids[numBlocks++] = block.id();
        }
        pending = count;
    }

    private void ensureCapacity(int count) {
        if (count > ids.length) {
            ids = Arrays.copyOf(ids, Math.max(count, 2 * ids.length));
        }
    }

    /// Stores the rows `from` to `to` of a pass in a layer's part of the prepared blocks, and sets the view of the
    /// layer's keys and values.
    ///
    /// @param store converts them to the type of the KV cache
    void append(BlockGroup.Part part, Tensor keys, Tensor values, int from, int to, KeyValues view, RowStore store) {
        if (to - from != pending) {
            throw new IllegalStateException((to - from) + " tokens are appended, " + pending + " were prepared");
        }
        store.run(keys, from, to, group, part.keys(), ids, pool.addresses(), length);
        if (!part.keysAreValues()) {
            store.run(values, from, to, group, part.values(), ids, pool.addresses(), length);
            for (int at = length, end; group.chooses() && at < length + pending; at = end) {
                end = Math.min(length + pending, (at / BLOCK_TOKENS + 1) * BLOCK_TOKENS);
                int first = at / BLOCK_TOKENS * BLOCK_TOKENS;
                group.bound(part, pool.addresses()[ids[at / BLOCK_TOKENS]], at - first, end - first);
            }
        }
        view(view, length + pending);
    }

    /// Sets a view to this rank's blocks.
    private void view(KeyValues view, int positions) {
        CacheRanks ranks = group.ranks();
        if (ranks == null) {
            view.view(ids, pool.addresses(), positions);
            return;
        }
        int last = positions / BLOCK_TOKENS;
        int[] own = new int[ranks.before(numBlocks)];
        for (int i = 0; i < own.length; i++) {
            own[i] = ids[ranks.ranks().rank() + i * ranks.ranks().size()];
        }
        view.view(own, pool.addresses(), ranks.before(last) * BLOCK_TOKENS + (ranks.has(last)
                ? positions % BLOCK_TOKENS : 0));
    }

    /// A view of a layer's keys and values.
    KeyValues view(BlockGroup.Part part) {
        KeyValues view = part.newView();
        view.view(ids, pool.addresses(), length);
        return view;
    }

    /// Lets go of the memory into which the file's pages of a layer were read.
    void unload(BlockGroup.Part part) {
        for (int i = 0; i < numBlocks; i++) {
            if (ids[i] != 0) {
                block(i).unload(part.keys().offset(), part.sizeBytes());
            }
        }
    }

    /// Commits the tokens of the pass.
    void advance() {
        for (int i = length / BLOCK_TOKENS; i < (length + pending) / BLOCK_TOKENS; i++) {
            pool.setFull(block(i));
        }
        length += pending;
        pending = 0;
        if (replaced != null) {
            pool.release(replaced);
            replaced = null;
        }
    }

    /// Frees the blocks that no token from `position` on attends to.
    void slide(int position) {
        for (int i = Math.min(group.firstBlock(position), numBlocks) - 1; i >= 0 && ids[i] != 0; i--) {
            drop(i);
        }
    }

    /// Whether the blocks that a sequence of `newLength` tokens needs are still there.
    boolean canTruncate(int newLength) {
        int first = group.firstBlock(newLength);
        return newLength == 0 || first >= numBlocks || ids[first] != 0;
    }

    /// Removes the tokens from `newLength` on, and those of a pass.
    void truncate(int newLength) {
        if (replaced != null) {
            int last = length / BLOCK_TOKENS;
            pool.release(block(last));
            ids[last] = replaced.id();
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
        return i < numBlocks ? pool.block(ids[i]) : null;
    }

    /// The blocks that a sequence of `newLength` tokens needs to continue, if they are still there.
    Block[] window(int newLength) {
        int first = group.firstBlock(newLength);
        Block[] window = new Block[group.neededBlocks(newLength)];
        Arrays.setAll(window, i -> block(first + i));
        return window;
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
            ids[first + i] = window[i].id();
        }
        numBlocks = BlockGroup.blocksOf(newLength);
        length = newLength;
    }

    /// Replaces the content by some positions of each layer and head.
    ///
    /// @param kept by slot and key-value head, `count` positions, ascending
    /// @param ropes by slot, by which keys are turned to their new positions; null leaves them as they are
    /// @return the number of positions
    int keep(int count, StateLayout layout, int[][][] kept, RopeTable[] ropes) {
        for (int slot = 0; slot < kept.length; slot++) {
            layout.part(slot).requireHeads(kept[slot].length);
        }
        BlockTable result = new BlockTable(group, pool);
        try {
            result.prepare(count);
        } catch (StateMemoryException e) {
            result.truncate(0);
            throw e;
        }
        for (int slot = 0; slot < kept.length; slot++) {
            BlockGroup.Part part = layout.part(slot);
            RopeTable rope = ropes == null ? null : ropes[slot];
            int distance = 0;
            RopeTable.Turn turn = null;
            for (int head = 0; head < kept[slot].length; head++) {
                for (int to = 0; to < count; to++) {
                    int from = kept[slot][head][to];
                    if (rope != null && to - from != distance) {
                        distance = to - from;
                        turn = distance == 0 ? null : rope.by(distance);
                    }
                    part.keys().move(address(from), from, result.address(to), to, head, kept[slot].length, turn);
                    part.values().move(address(from), from, result.address(to), to, head, kept[slot].length, null);
                }
            }
            for (int at = 0; group.chooses() && at < count; at += BLOCK_TOKENS) {
                group.bound(part, result.address(at), 0, Math.min(BLOCK_TOKENS, count - at));
            }
        }
        truncate(0);
        result.advance();
        ids = result.ids;
        numBlocks = result.numBlocks;
        length = count;
        return count;
    }

    /// The address of the block of a position.
    private long address(int position) {
        return pool.addresses()[ids[position / BLOCK_TOKENS]];
    }

    private void drop(int i) {
        if (ids[i] != 0) {
            pool.release(block(i));
            ids[i] = 0;
        }
    }
}
