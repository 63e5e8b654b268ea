package glia.engine.grammar.parser;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// The automaton of a grammar's texts, byte by byte, built as it is used. Its states are [Position]s. Not thread-safe.
///
/// **Exact** grammars (JSON, regular expressions, GBNF) have no tokens of their own: where a lexeme may end, both the
/// end
/// and its continuation are followed. **Greedy** grammars (Lark) end a lexeme only where it cannot continue.
public final class Automaton {
    private static final int MAX_POSITIONS = 50_000;
    private static final int NONE = -1;
    /// Memory of a position, with the positions that follow, without its parts.
    private static final int POSITION_BYTES = 1_300;

    private final Lexer lexer;
    private final Earley earley;
    private final boolean isGreedy;
    private final int ignored;
    private Map<Key, Position> positions = new HashMap<>();
    private final Position dead = new Position(0, new Row[0], new LexState[0], false);
    private final Position start;
    private int numPositions = 1;
    /// The memory of `positions`.
    private long positionBytes;
    /// The parser's rows that the positions have.
    private int epoch;
    private int numResets;

    private Row[] rows = new Row[8];
    private LexState[] states = new LexState[8];
    private Row[] ended = new Row[8];
    private Accepted[] accepted = new Accepted[8];

    private record Key(int[] ids) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Key k && Arrays.equals(ids, k.ids);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(ids);
        }
    }

    private Automaton(Rules rules, Nonterminal root, boolean isGreedy, int ignored) {
        this.lexer = rules.lexer();
        this.earley = new Earley(rules, root);
        this.isGreedy = isGreedy;
        this.ignored = ignored;
        rows[0] = earley.first();
        states[0] = startOf(rows[0]);
        start = position(1);
    }

    /// The automaton of an exact grammar.
    public static Automaton exact(Rules rules, Nonterminal root) {
        return new Automaton(rules, root, false, NONE);
    }

    /// The automaton of a greedy grammar.
    ///
    /// @param ignored the lexeme that may stand between any two; -1 for none
    public static Automaton greedy(Rules rules, Nonterminal root, int ignored) {
        return new Automaton(rules, root, true, ignored);
    }

    public Lexer lexer() {
        return lexer;
    }

    public boolean isGreedy() {
        return isGreedy;
    }

    /// The position before the text.
    public Position start() {
        return start;
    }

    private LexState startOf(Row row) {
        if (ignored == NONE) {
            return row.start;
        }
        int[] all = Arrays.copyOf(row.start.lexemes, row.start.lexemes.length + 1);
        all[all.length - 1] = ignored;
        Arrays.sort(all);
        return lexer.start(all);
    }

    private Position position(int count) {
        lexer.pool().budget().steps(1 + count);
        int[] ids = new int[2 * count];
        for (int i = 0; i < count; i++) {
            ids[2 * i] = rows[i].id;
            ids[2 * i + 1] = states[i].id;
        }
        Key key = new Key(ids);
        Position known = positions.get(key);
        if (known == null) {
            if (positions.size() >= MAX_POSITIONS || positionBytes >= GrammarLimits.CACHE || epoch != earley.epoch()) {
                resetPositions();
            }
            boolean isComplete = false;
            for (int i = 0; i < count; i++) {
                isComplete |= rows[i].isComplete && states[i] == startOf(rows[i]);
                if (isGreedy && states[i].isAccepting()) {
                    isComplete |= after(rows[i], states[i].accepted()).isComplete;
                }
            }
            long bytes = POSITION_BYTES + 24L * count;
            lexer.pool().budget().cached(bytes);
            positionBytes += bytes;
            known = new Position(numPositions++, Arrays.copyOf(rows, count), Arrays.copyOf(states, count), isComplete);
            positions.put(key, known);
        }
        return known;
    }

    private void resetPositions() {
        // Each has those that follow, so without this none would be freed.
        positions.values().forEach(Position::unlink);
        start.unlink();
        positions = new HashMap<>();
        lexer.pool().budget().cached(-positionBytes);
        positionBytes = 0;
        epoch = earley.epoch();
        numResets++;
    }

    /// Drops all positions and rows that can be computed again. Those in use stay valid.
    public void reset() {
        earley.reset();
        resetPositions();
    }

    /// How often positions were dropped.
    public int numResets() {
        return numResets;
    }

    /// The row after lexemes of a greedy grammar. Where a lexeme of the grammar and the ignored one both match, the
    /// former counts.
    private Row after(Row row, Accepted which) {
        int[] ending = which.lexemes();
        return ending.length == 1 && ending[0] == ignored ? row : earley.scan(row, which);
    }

    /// The position after a byte; dead if no text of the grammar begins so.
    public Position step(Position from, int value) {
        Position known = from.next(value);
        if (known == null) {
            known = isGreedy ? greedy(from, value) : exact(from, value);
            from.next(value, known);
        }
        return known;
    }

    private Position exact(Position from, int value) {
        int n = 0;
        int ends = 0;
        for (int i = 0; i < from.size(); i++) {
            LexState next = lexer.step(from.state(i), value);
            if (next.isDead()) {
                continue;
            }
            reserve(n + 2);
            rows[n] = from.row(i);
            states[n++] = next;
            if (next.isAccepting()) {
                ended[ends] = from.row(i);
                accepted[ends++] = next.accepted();
            }
        }
        if (ends > 0) {
            Row row = ends == 1 ? earley.scan(ended[0], accepted[0]) : earley.scan(ended, accepted, ends);
            rows[n] = row;
            states[n++] = row.start;
        }
        n = withoutFinished(n);
        return n == 0 ? dead : position(n);
    }

    /// Drops lexemes that have ended and cannot continue.
    private int withoutFinished(int count) {
        int n = 0;
        for (int i = 0; i < count; i++) {
            boolean isFinished = states[i].isFinished();
            if (!isFinished) {
                rows[n] = rows[i];
                states[n++] = states[i];
            }
        }
        return n;
    }

    private Position greedy(Position from, int value) {
        if (from.size() == 0) {
            return dead;
        }
        Row row = from.row(0);
        LexState next = lexer.step(from.state(0), value);
        if (next.isDead() && from.state(0).isAccepting()) {
            row = after(row, from.state(0).accepted());
            next = lexer.step(startOf(row), value);
        }
        if (next.isDead()) {
            return dead;
        }
        rows[0] = row;
        states[0] = next;
        return position(1);
    }

    /// The position after the lexemes that end in a lexer's state: what [#step] leads to where nothing else is under
    /// way.
    Position afterLexeme(Row row, Accepted which) {
        Row after = isGreedy ? after(row, which) : earley.scan(row, which);
        rows[0] = after;
        states[0] = startOf(after);
        return position(1);
    }

    private void reserve(int count) {
        if (count > GrammarLimits.PARTS) {
            throw GrammarException.limit("lexemes under way at one place", GrammarLimits.PARTS);
        }
        if (count > rows.length) {
            rows = Arrays.copyOf(rows, 2 * count);
            states = Arrays.copyOf(states, 2 * count);
            ended = Arrays.copyOf(ended, 2 * count);
            accepted = Arrays.copyOf(accepted, 2 * count);
        }
    }

    /// The position after the lexemes of one part of a position, such as those that end within a token.
    public Position after(Position position, int part, Accepted which) {
        return afterLexeme(position.row(part), which);
    }
}
