package glia.engine.grammar.parser;

/// A state of an [Automaton]: rows of the parser, each with the lexeme that is under way after it. Exact grammars have
/// several where a lexeme may end or continue, as a number may.
public final class Position {
    private static final int BYTES = 256;

    private final int id;
    private final Row[] rows;
    private final LexState[] states;
    private final boolean isComplete;
    private Position[] next;
    /// The tokens that may follow, kept by the owner of the automaton.
    private volatile long[] mask;

    Position(int id, Row[] rows, LexState[] states, boolean isComplete) {
        this.id = id;
        this.rows = rows;
        this.states = states;
        this.isComplete = isComplete;
    }

    /// The number of parts.
    public int size() {
        return rows.length;
    }

    Row row(int part) {
        return rows[part];
    }

    /// The lexer's state of a part.
    public LexState state(int part) {
        return states[part];
    }

    /// Whether no text of the grammar goes on so.
    public boolean isDead() {
        return rows.length == 0;
    }

    /// Whether the text may end here.
    public boolean isComplete() {
        return isComplete;
    }

    /// Whether the text can only end here.
    public boolean isFinal() {
        for (LexState state : states) {
            if (!state.isDead()) {
                return false;
            }
        }
        return isComplete;
    }

    public int id() {
        return id;
    }

    Position next(int value) {
        return next == null ? null : next[value];
    }

    void next(int value, Position to) {
        if (next == null) {
            next = new Position[BYTES];
        }
        next[value] = to;
    }

    /// Drops what follows.
    void unlink() {
        next = null;
    }

    /// The memory of the parser's rows for a text up to here.
    public long textBytes() {
        int items = 0;
        for (Row row : rows) {
            items = Math.max(items, row.textItems);
        }
        return (long) Earley.ITEM_BYTES * items;
    }

    public long[] mask() {
        return mask;
    }

    public void mask(long[] words) {
        mask = words;
    }
}
