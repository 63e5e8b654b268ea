package glia.engine.state;

import glia.engine.steer.Steering;
import glia.tensor.kernel.RopeTable;
import java.util.List;

/// The state of one sequence: the KV cache in blocks, of which sliding-window layers free those that no later token
/// attends to, and the recurrent states. Forks share all blocks (copy-on-write). For the engine's thread.
public final class Sequence implements AutoCloseable {
    /// Positions of a block.
    public static final int BLOCK_TOKENS = BlockGroup.BLOCK_TOKENS;

    private final StateLayout layout;
    private final BlockPool pool;
    private final BlockTable[] tables;
    /// The recurrent states, null while the sequence is empty, and where a pass writes them, null outside of a pass.
    private Block state;
    private Block nextState;
    private int length;
    private int adapter;
    private Steering steering = Steering.NONE;
    /// Tokens at the end of the next pass that may be truncated.
    private int numRevocable;
    private boolean isProvisional;
    private boolean isCached;
    private int divergence;
    /// The pool's epoch when its first token was computed, or earlier.
    private long epoch;
    /// Null unless enabled, both.
    private Snapshots snapshots;
    private RecentQueries queries;
    /// The last whole block that was inserted into a prefix cache; null if there is none.
    private PrefixNode inserted;

    Sequence(StateLayout layout, BlockPool pool) {
        this(layout, pool, new BlockTable[layout.groups().size()]);
        List<BlockGroup> groups = layout.groups();
        for (int i = 0; i < tables.length; i++) {
            tables[i] = new BlockTable(groups.get(i), pool);
        }
    }

    private Sequence(StateLayout layout, BlockPool pool, BlockTable[] tables) {
        this.layout = layout;
        this.pool = pool;
        this.tables = tables;
        this.epoch = pool.epoch();
    }

    /// The number of computed tokens, which is the position of the next.
    public int length() {
        return length;
    }

    /// The number of the adapter that its tokens are computed with; 0 for none.
    public int adapter() {
        return adapter;
    }

    /// Sets the adapter of the tokens that follow.
    public void adapter(int number) {
        adapter = number;
    }

    /// The control vectors that its tokens are computed with.
    public Steering steering() {
        return steering;
    }

    /// Sets the control vectors of the tokens that follow.
    public void steering(Steering vectors) {
        steering = vectors;
    }

    /// A copy that shares all blocks; a partly filled last one is copied when one of them appends to it.
    public Sequence fork() {
        Sequence fork = new Sequence(layout, pool, new BlockTable[tables.length]);
        for (int i = 0; i < tables.length; i++) {
            fork.tables[i] = tables[i].fork();
        }
        if (state != null) {
            pool.retain(state);
        }
        fork.state = state;
        fork.length = length;
        fork.adapter = adapter;
        fork.steering = steering;
        fork.epoch = epoch;
        fork.queries = queries == null ? null : queries.copy();
        return fork;
    }

    /// The most bytes that `tokens` more tokens take, in one pass or more: new blocks, a copy of a shared one, and
    /// recurrent states before and after a pass.
    public long bytesToAppend(int tokens) {
        return bytesToAppend(tokens, 0, Integer.MAX_VALUE);
    }

    /// The same for passes of at most `passTokens` tokens of the sequence: windows slide between them, so a long prompt
    /// takes less.
    ///
    /// @param sourceTokens tokens that an encoder reads before the first
    public long bytesToAppend(int tokens, int sourceTokens, int passTokens) {
        long bytes = 0;
        for (BlockTable table : tables) {
            bytes += table.bytesToAppend(table.group().ofSource() ? sourceTokens : tokens, passTokens);
        }
        int states = tokens == 0 ? 0 : tokens == 1 || state != null && !state.isShared() ? 1 : 2;
        return bytes + states * layout.stateBytes();
    }

    /// Prepares a pass: takes all blocks that it needs.
    ///
    /// @param position of the first token of the pass
    /// @throws IllegalArgumentException if the sequence does not end at that position
    /// @throws StateMemoryException if the memory does not suffice; `retract` then frees what was taken
    void prepare(int position, int count, int sourceCount) {
        if (position != length) {
            throw new IllegalArgumentException("the sequence holds " + length + " tokens, the pass begins at "
                    + position);
        }
        for (BlockTable table : tables) {
            if (table.group().ofSource()) {
                requireSourceOnce(table.length(), sourceCount);
            }
            table.prepare(table.group().ofSource() ? sourceCount : count);
        }
        if (layout.stateBytes() > 0 && count > 0) {
            nextState = pool.take(layout.stateBytes());
        }
    }

    private static void requireSourceOnce(int length, int count) {
        if (length > 0 == count > 0) {
            throw new IllegalArgumentException(length > 0 ? "the sequence has had its source of " + length + " tokens"
                    : "an encoder-decoder needs a source of at least one token");
        }
    }

    BlockTable table(int group) {
        return tables[group];
    }

    /// Lets go of the memory into which the file's pages of a layer were read, if that is short.
    void unload(int group, BlockGroup.Part part) {
        if (pool.unloadsPages()) {
            tables[group].unload(part);
        }
    }

    /// The addresses of the recurrent states before and after a pass; 0 where there are none.
    long stateBefore() {
        return state == null ? 0 : state.address();
    }

    long stateAfter() {
        return nextState == null ? 0 : nextState.address();
    }

    /// Commits the tokens of the pass and frees blocks that left the span.
    void advance(int count) {
        length += count;
        for (BlockTable table : tables) {
            table.advance();
        }
        if (nextState != null) {
            release(state);
            state = nextState;
            nextState = null;
        }
        if (snapshots != null && !isProvisional) {
            addSnapshots(length - count);
        }
        for (BlockTable table : tables) {
            table.slide(length - numRevocable);
        }
        numRevocable = 0;
        isProvisional = false;
    }

    /// Keeps what is needed to truncate the last `count` tokens of the next pass, such as draft tokens, until the pass
    /// after it: blocks that these tokens push out of a sliding window. Recurrent states cannot be truncated so.
    public void revocable(int count) {
        numRevocable = count;
    }

    /// The same for tokens that no snapshot may hold.
    public void provisional(int count) {
        numRevocable = count;
        isProvisional = true;
    }

    /// Adds a snapshot at each end of a block after `from` at which all needed blocks are still there.
    private void addSnapshots(int from) {
        for (int end = (from / BLOCK_TOKENS + 1) * BLOCK_TOKENS; end <= length; end += BLOCK_TOKENS) {
            if (canTruncate(end)) {
                snapshots.add(end, state, windows(end));
            }
        }
    }

    /// The blocks of each group that slides, null for other groups.
    private Block[][] windows(int atLength) {
        Block[][] windows = new Block[tables.length][];
        for (int i = 0; i < tables.length; i++) {
            windows[i] = tables[i].group().slides() ? tables[i].window(atLength) : null;
        }
        return windows;
    }

    /// Keeps snapshots for `truncate` at up to `most` ends of blocks that passes reach or, without recurrent states,
    /// cross. They are dropped when memory is short. Forks have none.
    public void keepSnapshots(int most) {
        if (layout.isLossy() && snapshots == null) {
            snapshots = new Snapshots(pool, most);
        }
    }

    /// The best end of the next prefill chunk, at most `to`, for snapshots and the prefix cache.
    public int chunkEnd(int to) {
        int end = snapshots != null || isCached ? layout.chunkEnd(length, to) : to;
        return divergence > length && divergence < end ? divergence : end;
    }

    /// Marks the sequence as opened by a prefix cache.
    ///
    /// @param at where its text diverges from cached ones; 0 if that does not matter
    void setCached(int at) {
        isCached = true;
        divergence = at;
    }

    /// Truncates the sequence to its first `newLength` tokens.
    ///
    /// @return false if a window has slid too far or there are recurrent states, and there is no snapshot of that
    ///         length: then nothing has changed
    public boolean truncate(int newLength) {
        if (newLength < 0 || newLength > length) {
            throw new IllegalArgumentException("cannot keep " + newLength + " of " + length + " tokens");
        }
        if (canTruncate(newLength)) {
            cut(newLength);
            return true;
        }
        Snapshots.Snapshot snapshot = snapshots == null ? null : snapshots.longest(newLength);
        if (snapshot == null || snapshot.length() != newLength) {
            return false;
        }
        restore(newLength, snapshot.windows(), snapshot.state());
        return true;
    }

    /// Truncates the sequence to the longest restorable length of at most `most` tokens.
    ///
    /// @return the number of tokens left
    public int truncateToMost(int most) {
        int target = Math.min(most, length);
        if (truncate(target)) {
            return target;
        }
        Snapshots.Snapshot snapshot = snapshots == null ? null : snapshots.longest(target);
        truncate(snapshot == null ? 0 : snapshot.length());
        return length;
    }

    /// Keeps `count` positions of each layer and head, which become those from 0 on. A prefix cache may not take it.
    ///
    /// @param kept by slot and key-value head, ascending
    /// @param ropes by slot, by which keys are turned to their new positions; null leaves them as they are
    /// @throws IllegalArgumentException if a layer has no full attention, or heads are no blocks of the cache's type
    /// @throws StateMemoryException if the memory does not suffice; then nothing has changed
    public void keep(int count, int[][][] kept, RopeTable[] ropes) {
        layout.requireFullAttention();
        length = tables[0].keep(count, layout, kept, ropes);
        inserted = null;
    }

    /// From now on records the queries of the last `most` positions ([CachePolicy.Scored#keep]).
    public void recordQueries(int most) {
        queries = new RecentQueries(most, layout);
    }

    RecentQueries queries() {
        return queries;
    }

    /// Replaces the content by `newLength` tokens of another sequence or a snapshot.
    ///
    /// @param windows by group, the blocks needed; null where the table still has them
    void restore(int newLength, Block[][] windows, Block newState) {
        if (newState != null) {
            pool.retain(newState);
        }
        for (int i = 0; i < tables.length; i++) {
            if (windows[i] != null) {
                tables[i].restore(newLength, windows[i]);
            }
        }
        cut(newLength);
        release(state);
        state = newState;
    }

    /// The last whole block that was inserted into a prefix cache; null if there is none.
    PrefixNode inserted() {
        return inserted;
    }

    void inserted(PrefixNode node) {
        inserted = node;
    }

    /// The recurrent states; null while the sequence is empty.
    Block state() {
        return state;
    }

    private boolean canTruncate(int newLength) {
        if (layout.stateBytes() > 0 && newLength != length && newLength != 0) {
            return false;
        }
        for (BlockTable table : tables) {
            if (!table.group().ofSource() && !table.canTruncate(newLength)) {
                return false;
            }
        }
        return true;
    }

    /// Reverts the preparation of a pass.
    void retract() {
        isProvisional = false;
        cut(length);
    }

    private void cut(int newLength) {
        length = newLength;
        inserted = inserted == null || inserted.length() > newLength ? null : inserted;
        if (snapshots != null) {
            snapshots.truncate(newLength);
        }
        for (BlockTable table : tables) {
            table.truncate(!table.group().ofSource() ? newLength : newLength == 0 ? 0 : table.length());
        }
        release(nextState);
        nextState = null;
        if (newLength == 0) {
            epoch = pool.epoch();
            release(state);
            state = null;
        }
    }

    private void release(Block block) {
        if (block != null) {
            pool.release(block);
        }
    }

    /// Whether all tokens were computed in the pool's epoch.
    boolean isCurrent() {
        return epoch == pool.epoch();
    }

    /// Whether the sequence's blocks are of this pool.
    public boolean isIn(BlockPool of) {
        return pool == of;
    }

    /// @throws IllegalArgumentException unless the sequence's blocks are of this pool
    public void requireIn(BlockPool of) {
        if (pool != of) {
            throw new IllegalArgumentException("the sequence was opened by another engine");
        }
    }

    /// Removes all tokens, but keeps the keys and values of the source.
    public void restart() {
        for (BlockTable table : tables) {
            if (!table.group().ofSource()) {
                table.truncate(0);
            }
        }
        length = 0;
    }

    /// Removes all tokens.
    public void clear() {
        truncate(0);
    }

    @Override
    public void close() {
        clear();
        if (snapshots != null) {
            snapshots.close();
            snapshots = null;
        }
    }
}
