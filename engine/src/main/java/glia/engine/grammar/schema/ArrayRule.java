package glia.engine.grammar.schema;

import glia.engine.grammar.parser.Lexer;
import glia.engine.grammar.parser.Nonterminal;
import glia.engine.grammar.parser.Rules;
import glia.engine.grammar.parser.State;
import glia.engine.grammar.parser.Steps;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Arrays of given items and lengths.
final class ArrayRule implements Value.Container {
    private final Rules rules;
    private final Punctuation marks;
    private final List<Value> prefix;
    private final Value rest;
    /// The items that also satisfy `contains`; null if there is no such condition.
    private final List<Value> containedPrefix;
    private final Value containedRest;
    private final int min;
    private final int max;
    private final Map<Key, State> states = new HashMap<>();
    private Nonterminal owner;
    private State end;

    /// @param isNext whether an item must follow: after the comma
    /// @param isOpen whether this is the begin
    /// @param found whether an item has satisfied `contains`
    private record Key(int index, boolean isNext, boolean isOpen, boolean found) { }

    ArrayRule(Rules rules, Punctuation marks, List<Value> prefix, Value rest, List<Value> containedPrefix,
            Value containedRest, int min, int max) {
        this.rules = rules;
        this.marks = marks;
        this.prefix = prefix;
        this.rest = rest;
        this.containedPrefix = containedPrefix;
        this.containedRest = containedRest;
        this.min = min;
        this.max = max;
    }

    private Value item(int index) {
        return index < prefix.size() ? prefix.get(index) : rest;
    }

    private Value contained(int index) {
        return index < containedPrefix.size() ? containedPrefix.get(index) : containedRest;
    }

    /// The most items, where all are satisfiable.
    private int most() {
        for (int i = 0; i <= prefix.size(); i++) {
            rules.budget().step();
            if (!item(i).isProductive) {
                return Math.min(max, i);
            }
        }
        return max;
    }

    /// Whether an item from an index on can satisfy `contains`.
    private boolean canFind(int from) {
        int most = most();
        for (int i = from; i < most && i <= Math.max(from, prefix.size()); i++) {
            rules.budget().step();
            if (contained(i).isProductive) {
                return true;
            }
        }
        return false;
    }

    @Override
    public boolean isProductive() {
        return most() >= min && (containedPrefix == null || canFind(0));
    }

    @Override
    public Stream<Value> parts() {
        Stream<Value> items = Stream.concat(prefix.stream(), Stream.of(rest));
        return containedPrefix == null ? items
                : Stream.concat(items, Stream.concat(containedPrefix.stream(), Stream.of(containedRest)));
    }

    @Override
    public void begin(Steps to, Nonterminal rule, State after) {
        owner = rule;
        end = after;
        to.lexeme(marks.openArray(), state(0, false, true, containedPrefix == null));
    }

    private State state(int index, boolean isNext, boolean isOpen, boolean found) {
        // Beyond all limits, positions are alike.
        int limit = Math.max(Math.max(prefix.size(), min), max == Clause.UNBOUNDED ? 0 : max);
        Key key = new Key(Math.min(index, limit), isNext, isOpen, found);
        State known = states.get(key);
        if (known == null) {
            known = new ArrayState(key);
            states.put(key, known);
        }
        return known;
    }

    private final class ArrayState extends State {
        private final Key key;

        ArrayState(Key key) {
            super(rules, owner);
            this.key = key;
        }

        @Override
        protected void expand(Steps to) {
            int i = key.index;
            if (!key.isNext && i >= min && key.found) {
                to.lexeme(marks.closeArray(), end);
            }
            if (i >= most() || !key.found && !canFind(i)) {
                return;
            }
            if (!key.isNext && !key.isOpen) {
                to.lexeme(marks.comma(), state(i, true, false, key.found));
                return;
            }
            if (key.found || canFind(i + 1)) {
                item(i).addTo(to, state(i + 1, false, false, key.found));
            }
            if (!key.found && contained(i).isProductive) {
                contained(i).addTo(to, state(i + 1, false, false, true));
            }
        }
    }

    /// The lexemes of JSON's punctuation, with the space that follows.
    record Punctuation(int openArray, int closeArray, int openObject, int closeObject, int comma, int colon) {
        /// @param space after a comma and a colon
        static Punctuation of(Lexer lexer, String space) {
            return new Punctuation(mark(lexer, "["), mark(lexer, "]"), mark(lexer, "{"), mark(lexer, "}"),
                    mark(lexer, "," + space), mark(lexer, ":" + space));
        }

        private static int mark(Lexer lexer, String text) {
            return lexer.lexeme(lexer.pool().literal(text));
        }
    }
}
