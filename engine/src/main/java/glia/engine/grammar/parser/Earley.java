package glia.engine.grammar.parser;

import glia.engine.grammar.limit.GrammarBudget;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// An [Earley parser](https://doi.org/10.1145/362007.362035) over lexemes, whose rules are automata with states that
/// may be made on demand. Rows are interned by the items that begin them: the elements of an array, say, share one row.
final class Earley {
    private static final int MAX_ROWS = 50_000;

    /// Memory of a row without its items.
    private static final int ROW_BYTES = 200;

    private final GrammarBudget budget;
    private final Lexer lexer;
    private final State finalState;
    private final Row first;
    private Map<Key, Row> rows = new HashMap<>();
    private int numRows;
    /// The memory of `rows`.
    private long rowBytes;
    /// The items of the rows of the text before the one that is made.
    private int textItems;
    private int epoch;

    private State[] states = new State[64];
    private Row[] origins = new Row[64];
    private int size;
    private final Set<Long> seen = new HashSet<>();

    private record Key(long[] items) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Key k && Arrays.equals(items, k.items);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(items);
        }
    }

    Earley(Rules rules, Nonterminal root) {
        this.budget = rules.budget();
        this.lexer = rules.lexer();
        Nonterminal whole = rules.rule();
        FixedState begin = new FixedState(rules, whole);
        FixedState end = new FixedState(rules, whole);
        begin.rule(root, end);
        finalState = end;
        begun();
        add(begin, null);
        if (root.isNullable()) {
            add(end, null);
        }
        first = close();
    }

    Row first() {
        return first;
    }

    private void begun() {
        size = 0;
        textItems = 0;
        seen.clear();
    }

    private static long item(State state, Row origin) {
        return (long) state.id() << 32 | (origin == null ? 0 : origin.id + 1);
    }

    private void add(State state, Row origin) {
        budget.step();
        if (!seen.add(item(state, origin))) {
            return;
        }
        if (size == states.length) {
            if (size >= GrammarLimits.ROW_ITEMS) {
                throw GrammarException.limit("items of the parser at one place", GrammarLimits.ROW_ITEMS);
            }
            states = Arrays.copyOf(states, 2 * size);
            origins = Arrays.copyOf(origins, 2 * size);
        }
        states[size] = state;
        origins[size++] = origin;
    }

    /// The row after one of some lexemes.
    Row scan(Row row, Accepted accepted) {
        if (row.epoch == epoch) {
            Row known = row.next().get(accepted);
            if (known != null) {
                return known;
            }
        }
        begun();
        advance(row, accepted);
        Row after = interned();
        if (row.epoch == epoch) {
            row.next().put(accepted, after);
        }
        return after;
    }

    /// The row after lexemes that end at the same place and began at different ones.
    Row scan(Row[] from, Accepted[] accepted, int count) {
        begun();
        for (int i = 0; i < count; i++) {
            advance(from[i], accepted[i]);
        }
        return interned();
    }

    private void advance(Row row, Accepted accepted) {
        budget.steps(row.states.length);
        textItems = Math.max(textItems, row.textItems);
        int[] ending = accepted.lexemes();
        for (int i = 0; i < row.states.length; i++) {
            Steps steps = row.states[i].steps();
            for (int k = 0; k < steps.lexemes.length; k++) {
                if (Arrays.binarySearch(ending, steps.lexemes[k]) >= 0) {
                    add(steps.afterLexemes[k], row.originOf(i));
                }
            }
        }
    }

    private Row interned() {
        long[] items = new long[size];
        for (int i = 0; i < size; i++) {
            items[i] = item(states[i], origins[i]);
        }
        Arrays.sort(items);
        Key key = new Key(items);
        Row known = rows.get(key);
        if (known != null) {
            return known;
        }
        if (rows.size() >= MAX_ROWS || rowBytes >= GrammarLimits.CACHE) {
            // Rows in use stay valid; all others are freed.
            rows = new HashMap<>();
            rowBytes = 0;
            epoch++;
        }
        Row made = close();
        rows.put(key, made);
        return made;
    }

    /// Completes and predicts until nothing is added.
    private Row close() {
        boolean isComplete = false;
        for (int i = 0; i < size; i++) {
            State state = states[i];
            Row origin = origins[i];
            Steps steps = state.steps();
            budget.steps(1 + steps.rules.length + steps.lexemes.length);
            if (state == finalState) {
                isComplete = true;
            }
            // A rule of no text is skipped where it is predicted.
            if (steps.isFinal() && origin != null) {
                complete(state.owner(), origin);
            }
            for (int k = 0; k < steps.rules.length; k++) {
                add(steps.rules[k].start(), null);
                if (steps.rules[k].isNullable()) {
                    add(steps.afterRules[k], origin);
                }
            }
        }
        if (textItems + size > GrammarLimits.TEXT_ITEMS) {
            throw GrammarException.limit("items of the parser for the text so far", GrammarLimits.TEXT_ITEMS);
        }
        rowBytes += ROW_BYTES + 20L * size;
        return new Row(numRows++, epoch, Arrays.copyOf(states, size), Arrays.copyOf(origins, size), isComplete,
                lexer.start(lexemes()), textItems + size);
    }

    private void complete(Nonterminal rule, Row origin) {
        budget.steps(origin.states.length);
        for (int i = 0; i < origin.states.length; i++) {
            Steps steps = origin.states[i].steps();
            budget.steps(steps.rules.length);
            for (int k = 0; k < steps.rules.length; k++) {
                if (steps.rules[k] == rule) {
                    add(steps.afterRules[k], origin.originOf(i));
                }
            }
        }
    }

    private int[] lexemes() {
        int[] all = new int[16];
        int n = 0;
        for (int i = 0; i < size; i++) {
            int[] some = states[i].steps().lexemes;
            budget.steps(some.length);
            if (n + some.length > all.length) {
                all = Arrays.copyOf(all, 2 * (n + some.length));
            }
            System.arraycopy(some, 0, all, n, some.length);
            n += some.length;
        }
        Arrays.sort(all, 0, n);
        int distinct = 0;
        for (int i = 0; i < n; i++) {
            if (i == 0 || all[i] != all[i - 1]) {
                all[distinct++] = all[i];
            }
        }
        return Arrays.copyOf(all, distinct);
    }
}
