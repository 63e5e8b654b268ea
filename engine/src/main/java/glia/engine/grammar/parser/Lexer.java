package glia.engine.grammar.parser;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.RegexPool;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// An automaton of the lexemes of a grammar, built as it is used. Which lexemes are possible depends on the place in
/// the grammar: each set of them has a start state.
///
/// JSON allows white space before a lexeme: one space, or up to two ends of lines and then an indentation of at most
/// 40 characters. Without a limit a model could fill its answer with blanks.
public final class Lexer {
    private static final int BYTES = 256;
    /// Memory of a state without its lexemes.
    private static final int STATE_BYTES = 1_200;
    /// White space by phase: 0 nothing, 1 a space, 2 `\r`, 3 an end of a line, 4 `\r` after it, 5 and more indentation.
    private static final int SPACE = 1;
    private static final int RETURN = 2;
    private static final int LINE = 3;
    private static final int LINE_RETURN = 4;
    private static final int INDENT = 5;
    private static final int LAST_INDENT = INDENT + 40;

    private final RegexPool pool;
    private final boolean skipsSpace;
    private final List<Regex> lexemes = new ArrayList<>();
    private final Map<Regex, Integer> numbers = new HashMap<>();
    private final Map<Key, LexState> states = new HashMap<>();
    private final Map<IntKey, LexState> starts = new HashMap<>();
    private final Map<IntKey, Accepted> accepted = new HashMap<>();
    private final LexState dead;

    private record Key(int phase, int[] lexemes, Regex[] rests) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Key k && phase == k.phase && Arrays.equals(lexemes, k.lexemes)
                    && sameRests(k.rests);
        }

        private boolean sameRests(Regex[] others) {
            for (int i = 0; i < rests.length; i++) {
                if (rests[i] != others[i]) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public int hashCode() {
            int code = phase * 31 + Arrays.hashCode(lexemes);
            for (Regex rest : rests) {
                code = code * 31 + rest.hashCode();
            }
            return code;
        }
    }

    record IntKey(int[] values) {
        @Override
        public boolean equals(Object other) {
            return other instanceof IntKey k && Arrays.equals(values, k.values);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(values);
        }
    }

    /// @param skipsSpace whether JSON's white space may precede each lexeme
    public Lexer(RegexPool pool, boolean skipsSpace) {
        this.pool = pool;
        this.skipsSpace = skipsSpace;
        this.dead = state(LexState.INSIDE, new int[0], new Regex[0]);
    }

    /// Whether JSON's white space may precede each lexeme.
    public boolean skipsSpace() {
        return skipsSpace;
    }

    /// The number of a lexeme, which matches a text that is not empty.
    public int lexeme(Regex regex) {
        return numbers.computeIfAbsent(regex, r -> {
            lexemes.add(r);
            return lexemes.size() - 1;
        });
    }

    /// The pool of the lexemes.
    public RegexPool pool() {
        return pool;
    }

    /// The state before one of some lexemes.
    ///
    /// @param possible numbers of lexemes in ascending order
    LexState start(int[] possible) {
        IntKey key = new IntKey(possible);
        LexState known = starts.get(key);
        if (known == null) {
            Regex[] rests = new Regex[possible.length];
            for (int i = 0; i < possible.length; i++) {
                rests[i] = lexemes.get(possible[i]);
            }
            known = state(skipsSpace ? 0 : LexState.START, possible, rests);
            starts.put(key, known);
        }
        return known;
    }

    private LexState state(int phase, int[] possible, Regex[] rests) {
        Key key = new Key(phase, possible, rests);
        LexState known = states.get(key);
        if (known == null) {
            if (states.size() >= GrammarLimits.LEXER_STATES) {
                throw GrammarException.limit("states of the lexer", GrammarLimits.LEXER_STATES);
            }
            pool.budget().bytes(STATE_BYTES + 12L * possible.length);
            known = new LexState(states.size(), phase, possible, rests,
                    phase == LexState.INSIDE ? accepted(possible, rests) : null);
            states.put(key, known);
        }
        return known;
    }

    private Accepted accepted(int[] possible, Regex[] rests) {
        int[] ending = new int[possible.length];
        int n = 0;
        for (int i = 0; i < possible.length; i++) {
            if (rests[i].isNullable()) {
                ending[n++] = possible[i];
            }
        }
        return n == 0 ? null : accepted(Arrays.copyOf(ending, n));
    }

    private Accepted accepted(int[] ending) {
        return accepted.computeIfAbsent(new IntKey(ending), k -> new Accepted(accepted.size(), k.values));
    }

    /// The set of all lexemes under way, as if they ended.
    public Accepted ending(LexState state) {
        return accepted(state.lexemes);
    }

    /// The state after a byte; dead if no lexeme can have it.
    public LexState step(LexState state, int value) {
        LexState known = state.next[value];
        return known != null ? known : compute(state, value);
    }

    private LexState compute(LexState state, int value) {
        int phase = state.phase >= 0 ? phase(state.phase, value) : -1;
        if (phase >= 0) {
            LexState after = state.isDead() ? dead : state(phase, state.lexemes, state.rests);
            state.next[value] = after;
            return after;
        }
        pool.budget().steps(state.lexemes.length);
        int[] left = new int[state.lexemes.length];
        Regex[] rests = new Regex[left.length];
        int n = 0;
        for (int i = 0; i < left.length; i++) {
            Regex rest = pool.derivative(state.rests[i], value);
            if (!rest.isEmpty() && pool.isLive(rest)) {
                left[n] = state.lexemes[i];
                rests[n++] = rest;
            }
        }
        LexState after = n == 0 ? dead : state(LexState.INSIDE, n == left.length ? left : Arrays.copyOf(left, n),
                n == left.length ? rests : Arrays.copyOf(rests, n));
        boolean skips = state.phase >= 0;
        int group = pool.byteClass(value);
        for (int b = 0; b < BYTES; b++) {
            if (pool.byteClass(b) == group && !(skips && (b == ' ' || b == '\n' || b == '\r' || b == '\t'))) {
                state.next[b] = after;
            }
        }
        state.next[value] = after;
        return after;
    }

    /// The phase of white space after a byte; -1 if it is none, or more than is allowed.
    private static int phase(int phase, int value) {
        return switch (value) {
            case ' ', '\t' -> switch (phase) {
                case 0 -> value == ' ' ? SPACE : -1;
                case LINE -> INDENT + 1;
                default -> phase >= INDENT && phase < LAST_INDENT ? phase + 1 : -1;
            };
            case '\n' -> phase == 0 || phase == RETURN ? LINE : phase == LINE || phase == LINE_RETURN ? INDENT : -1;
            case '\r' -> phase == 0 ? RETURN : phase == LINE ? LINE_RETURN : -1;
            default -> -1;
        };
    }
}
