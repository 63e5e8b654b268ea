package glia.engine.grammar.limit;

/// Something that takes a part of [GrammarMemory]: a compiled grammar, which is dropped if memory is short while it is
/// not in use, or a use of one, such as the mask of a sample. Its bytes are given back when it is closed, dropped, or
/// collected as garbage. For one thread at a time, but for [#use], [#content] and [#close].
public final class MemoryPart<T> implements AutoCloseable {
    /// Bytes are taken from the account in such pieces.
    private static final long PIECE = 4096;

    private final GrammarMemory memory;
    GrammarMemory.Entry entry;
    private volatile T content;
    private long needed;
    private long taken;

    MemoryPart(GrammarMemory memory) {
        this.memory = memory;
    }

    /// Takes bytes, or gives some back if negative.
    ///
    /// @throws GrammarException of kind `MEMORY` if other parts leave too little, `LIMIT` if they are not the reason
    public void add(long bytes) {
        resize(needed + bytes);
    }

    /// Takes so many bytes in place of those that were taken.
    ///
    /// @throws GrammarException of kind `MEMORY` if other parts leave too little, `LIMIT` if they are not the reason
    public void resize(long bytes) {
        if (bytes > taken || bytes <= taken - PIECE) {
            long all = (bytes + PIECE - 1) / PIECE * PIECE;
            if (all > taken) {
                memory.take(entry, all - taken);
            } else {
                memory.give(entry, taken - all);
            }
            taken = all;
        }
        needed = bytes;
    }

    /// The bytes that it takes, without those of its uses.
    public long bytes() {
        return needed;
    }

    /// Says what this memory is for.
    public void content(T what) {
        content = what;
    }

    /// Ends the use by its maker: from now on it may be dropped while it is not in use.
    public void keep() {
        memory.keep(entry);
    }

    /// What this memory is for; null if it was dropped.
    public T content() {
        return content;
    }

    void dropped() {
        content = null;
    }

    /// Begins to use this, or what this is a use of: it is not dropped before the use is closed.
    ///
    /// @return memory of the user's own; null if this was dropped
    public MemoryPart<Void> use() {
        return memory.use(entry);
    }

    @Override
    public void close() {
        memory.close(entry);
        content = null;
    }
}
