package glia.engine.state;

import java.util.List;

/// What a model remembers of one sequence: blocks of keys and values, of which sliding layers give back those that no
/// later token can see, and the numbers of its recurrences. Forks share everything until one of them goes on. Belongs
/// to the engine's thread.
public final class Sequence implements AutoCloseable {
    /// Keys and values are kept, shared and given back by so many positions at a time.
    public static final int BLOCK_TOKENS = BlockGroup.BLOCK_TOKENS;

    private final StateLayout layout;
    private final BlockPool pool;
    /// By group.
    private final BlockTable[] tables;
    /// The numbers of the recurrences; null while the sequence is empty.
    private Block state;
    /// Where a pass writes them; null outside of a pass.
    private Block nextState;
    private int length;
    private boolean isCached;
    private int parting;
    /// The pool's when the first of its tokens was computed, or before.
    private long epoch;
    /// Null unless asked for.
    private Snapshots snapshots;

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

    /// The number of tokens remembered, which is the position of the next.
    public int length() {
        return length;
    }

    /// Another sequence that begins with the same tokens, so that many can go on from one prompt. It shares all blocks;
    /// the last one is copied when one of the sequences that share it goes on.
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
        fork.epoch = epoch;
        return fork;
    }

    /// The most bytes that `tokens` more tokens take, fed in one pass or more: new blocks, a copy of a shared one, and
    /// the numbers of recurrences before and after a pass.
    public long bytesToAppend(int tokens) {
        return bytesToAppend(tokens, 0, Integer.MAX_VALUE);
    }

    /// The same for the first tokens of a sequence of an encoder-decoder.
    ///
    /// @param sourceTokens tokens that the encoder reads
    public long bytesToAppend(int tokens, int sourceTokens) {
        return bytesToAppend(tokens, sourceTokens, Integer.MAX_VALUE);
    }

    /// The same where passes have at most `passTokens` tokens of the sequence: windows slide between them, so that a
    /// long prompt takes less.
    public long bytesToAppend(int tokens, int sourceTokens, int passTokens) {
        long bytes = 0;
        for (BlockTable table : tables) {
            bytes += table.bytesToAppend(table.group().ofSource() ? sourceTokens : tokens, passTokens);
        }
        int states = tokens == 0 ? 0 : tokens == 1 || state != null && !state.isShared() ? 1 : 2;
        return bytes + states * layout.stateBytes();
    }

    /// Makes ready for a pass: takes all memory that it needs.
    ///
    /// @param position of the first token of the pass
    /// @throws IllegalArgumentException if the sequence does not go on at that position
    /// @throws StateMemoryException if there is no room; `retract` then gives back what was taken
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
        if (length > 0 && count > 0) {
            throw new IllegalArgumentException("the sequence has had its source of " + length + " tokens");
        }
        if (length == 0 && count == 0) {
            throw new IllegalArgumentException("an encoder-decoder needs a source of at least one token");
        }
    }

    BlockTable table(int group) {
        return tables[group];
    }

    /// The address of the numbers of all recurrences before a pass, or 0 if the sequence is empty.
    long stateBefore() {
        return state == null ? 0 : state.address;
    }

    /// Where a pass writes the numbers after it, or 0 if it has no tokens of the sequence.
    long stateAfter() {
        return nextState == null ? 0 : nextState.address;
    }

    /// Makes the tokens of the pass count, and gives back what slid out of sight.
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
        if (snapshots != null) {
            addSnapshots(length - count);
        }
        for (BlockTable table : tables) {
            table.slide();
        }
    }

    /// Adds a snapshot of each end of a block after `from` at which everything is still there.
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

    /// Keeps what later tokens will make the sequence forget, at up to `most` ends of blocks that passes reach or, if
    /// there is no recurrence, cross: `truncate` can go back there. It is given up when memory is short. Forks begin
    /// without.
    public void keepSnapshots(int most) {
        if (layout.forgets() && snapshots == null) {
            snapshots = new Snapshots(pool, most);
        }
    }

    /// Where the next chunk of a prompt, which may go to position `to`, should end, so that what a model forgets can be
    /// kept by snapshots or by the prefix cache that has opened the sequence.
    public int chunkEnd(int to) {
        int end = snapshots != null || isCached ? layout.chunkEnd(length, to) : to;
        return parting > length && parting < end ? parting : end;
    }

    /// A prefix cache has opened the sequence.
    ///
    /// @param at where its text parts from others; 0 if it does not matter
    void willBeCached(int at) {
        isCached = true;
        parting = at;
    }

    /// Forgets the tokens from `newLength` on, if what the remaining ones need is still there.
    ///
    /// @return false if it is not, since a window has slid too far or a recurrence has no way back, and there is no
    ///         snapshot of that length: then nothing has changed
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

    /// Forgets as few tokens as possible, so that at most `most` are left: what was forgotten and can be remembered
    /// must be fed again.
    ///
    /// @return the number of tokens left, 0 if there is no other way
    public int truncateToMost(int most) {
        int target = Math.min(most, length);
        if (truncate(target)) {
            return target;
        }
        Snapshots.Snapshot snapshot = snapshots == null ? null : snapshots.longest(target);
        truncate(snapshot == null ? 0 : snapshot.length());
        return length;
    }

    /// Takes over what others remember of `newLength` tokens.
    ///
    /// @param windows by group, the blocks needed; null where those of the first tokens are there
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

    /// The numbers of the recurrences; null while the sequence is empty.
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

    /// Takes back what a pass has prepared.
    void retract() {
        cut(length);
    }

    private void cut(int newLength) {
        length = newLength;
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

    /// Whether all that the sequence holds is of the pool's present epoch.
    boolean isCurrent() {
        return epoch == pool.epoch();
    }

    /// Whether the sequence lives in this pool.
    public boolean isIn(BlockPool of) {
        return pool == of;
    }

    /// Forgets everything.
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
