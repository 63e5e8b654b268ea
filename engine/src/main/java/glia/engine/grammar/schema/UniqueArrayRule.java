package glia.engine.grammar.schema;

import glia.engine.grammar.parser.Nonterminal;
import glia.engine.grammar.parser.Rules;
import glia.engine.grammar.parser.State;
import glia.engine.grammar.parser.Steps;
import glia.engine.grammar.regex.Regex;
import glia.engine.grammar.regex.RegexPool;
import glia.io.json.JsonValues;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Arrays of different items, for `uniqueItems`, where few scalars are possible: a state is the set of those that were
/// there.
final class UniqueArrayRule implements Value.Container {
    /// The most values, whose sets are the states.
    static final int MOST_VALUES = 10;
    private static final int MOST_TEXTS = 64;
    private static final int MOST_BYTES = 256;
    private static final int BYTES = 256;

    private final Rules rules;
    private final ArrayRule.Punctuation marks;
    private final int[] lexemes;
    private final int min;
    private final int max;
    private final Map<Key, State> states = new HashMap<>();
    private Nonterminal owner;
    private State end;

    /// @param isNext whether an item must follow: after the comma
    private record Key(BitSet there, boolean isNext) { }

    /// @param values the texts of each possible item
    UniqueArrayRule(Rules rules, ArrayRule.Punctuation marks, List<Regex> values, int min, int max) {
        this.rules = rules;
        this.marks = marks;
        this.lexemes = values.stream().mapToInt(rules.lexer()::lexeme).toArray();
        this.min = min;
        this.max = Math.min(max, lexemes.length);
    }

    /// The values of a regular expression of JSON scalars, each with all its texts; empty if there are many.
    static Optional<List<Regex>> values(RegexPool pool, Regex scalars) {
        record Begin(byte[] bytes, Regex rest) { }
        Map<Object, List<Regex>> texts = new LinkedHashMap<>();
        List<Begin> begins = List.of(new Begin(new byte[0], scalars));
        for (int length = 1; !begins.isEmpty(); length++) {
            List<Begin> longer = new ArrayList<>();
            for (Begin begin : begins) {
                for (int b = 0; b < BYTES; b++) {
                    Regex rest = pool.derivative(begin.rest, b);
                    if (!rest.isEmpty() && pool.isLive(rest)) {
                        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                        bytes.writeBytes(begin.bytes);
                        bytes.write(b);
                        longer.add(new Begin(bytes.toByteArray(), rest));
                    }
                }
                if (longer.size() > MOST_TEXTS || length > MOST_BYTES) {
                    return Optional.empty();
                }
            }
            for (Begin one : longer) {
                if (one.rest.isNullable()) {
                    String text = new String(one.bytes, StandardCharsets.UTF_8);
                    Object value = JsonValues.parse(text);
                    Object key = value instanceof Number n ? new BigDecimal(n.toString()).stripTrailingZeros() : value;
                    texts.computeIfAbsent(key, _ -> new ArrayList<>()).add(pool.literal(text));
                }
            }
            begins = longer;
        }
        return texts.size() > MOST_VALUES ? Optional.empty()
                : Optional.of(texts.values().stream().map(pool::or).toList());
    }

    @Override
    public boolean isProductive() {
        return max >= min;
    }

    @Override
    public Stream<Value> parts() {
        return Stream.empty();
    }

    @Override
    public void begin(Steps to, Nonterminal rule, State after) {
        owner = rule;
        end = after;
        to.lexeme(marks.openArray(), state(new BitSet(), false));
    }

    private State state(BitSet there, boolean isNext) {
        return states.computeIfAbsent(new Key(there, isNext), UniqueState::new);
    }

    private final class UniqueState extends State {
        private final Key key;

        UniqueState(Key key) {
            super(rules, owner);
            this.key = key;
        }

        @Override
        protected void expand(Steps to) {
            int count = key.there.cardinality();
            if (!key.isNext && count >= min) {
                to.lexeme(marks.closeArray(), end);
            }
            if (count >= max) {
                return;
            }
            if (!key.isNext && count > 0) {
                to.lexeme(marks.comma(), state(key.there, true));
                return;
            }
            for (int i = 0; i < lexemes.length; i++) {
                if (!key.there.get(i)) {
                    BitSet more = (BitSet) key.there.clone();
                    more.set(i);
                    to.lexeme(lexemes[i], state(more, false));
                }
            }
        }
    }
}
