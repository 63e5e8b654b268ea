package glia.engine.grammar.parser;

import glia.engine.grammar.regex.Regex;

/// A state of the [Lexer]: the lexemes that may be under way, each with what remains of it.
public final class LexState {
    private static final int BYTES = 256;
    /// Within a lexeme.
    static final int INSIDE = -1;
    /// Before a lexeme, where white space is not skipped.
    static final int START = -2;

    final int id;
    /// 0 and more: before a lexeme, after so much of the white space that may precede it.
    final int phase;
    final int[] lexemes;
    final Regex[] rests;
    /// The lexemes that may end here, in ascending order.
    final Accepted accepted;
    final LexState[] next = new LexState[BYTES];
    private final boolean isFinished;
    /// The tokens of a vocabulary in this state, kept by its owner.
    private Object table;

    LexState(int id, int phase, int[] lexemes, Regex[] rests, Accepted accepted) {
        this.id = id;
        this.phase = phase;
        this.lexemes = lexemes;
        this.rests = rests;
        this.accepted = accepted;
        boolean finished = phase == INSIDE && rests.length > 0;
        for (Regex rest : rests) {
            finished &= rest.isEpsilon();
        }
        this.isFinished = finished;
    }

    /// Whether no text may follow within this lexeme.
    public boolean isDead() {
        return lexemes.length == 0;
    }

    /// Whether all lexemes under way end here.
    boolean isFinished() {
        return isFinished;
    }

    /// Whether a lexeme may end here.
    public boolean isAccepting() {
        return accepted != null;
    }

    /// The lexemes that may end here; null if none.
    public Accepted accepted() {
        return accepted;
    }

    /// Whether a lexeme is under way.
    public boolean isInside() {
        return phase == INSIDE;
    }

    /// What remains of the only lexeme under way; null if there are several, or none has begun.
    public Regex only() {
        return phase == INSIDE && rests.length == 1 ? rests[0] : null;
    }

    /// The number of the state.
    public int id() {
        return id;
    }

    public Object table() {
        return table;
    }

    public void table(Object value) {
        table = value;
    }
}
