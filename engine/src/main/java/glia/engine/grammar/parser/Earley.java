package glia.engine.grammar.parser;

import glia.engine.grammar.limit.GrammarBudget;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import glia.engine.grammar.parser.Row.Return;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// An [Earley parser](https://doi.org/10.1145/362007.362035) over lexemes, whose rules are automata with states that
/// may be made on demand. Rows are interned by the items that begin them: the elements of an array, say, share one row.
final class Earley {
    private static final int MAX_ROWS = 50_000;
    /// Memory of an item of a row.
    static final int ITEM_BYTES = 24;
    /// Memory of a row without its items, in items.
    private static final int ROW_ITEMS = 12;

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
    /// Whether one of these rows is no longer in `rows`.
    private boolean isOld;
    private int epoch;

    private State[] states = new State[64];
    private Return[] returns = new Return[64];
    private int size;
    private int numReturns;
    /// The number of the row that is made, of all that were begun.
    private long round;
    /// Those to the row that is made.
    private final List<Return> pending = new ArrayList<>();
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
        add(begin, here(whole));
        if (root.isNullable()) {
            add(end, here(whole));
        }
        first = close();
    }

    Row first() {
        return first;
    }

    /// Changes when the cached rows are dropped.
    int epoch() {
        return epoch;
    }

    /// Drops all cached rows. Those in use stay valid.
    void reset() {
        rows.values().forEach(row -> row.next().clear());
        rows = new HashMap<>();
        budget.cached(-rowBytes);
        rowBytes = 0;
        epoch++;
        first.epoch = epoch;
        first.next().clear();
    }

    private void begun() {
        size = 0;
        textItems = 0;
        isOld = false;
        round++;
        pending.clear();
        seen.clear();
    }

    private static long item(State state, Return to) {
        return (long) state.id() << 32 | to.id;
    }

    private void add(State state, Return to) {
        budget.step();
        if (!seen.add(item(state, to))) {
            return;
        }
        if (size == states.length) {
            if (size >= GrammarLimits.ROW_ITEMS) {
                throw GrammarException.limit("items of the parser at one place", GrammarLimits.ROW_ITEMS);
            }
            states = Arrays.copyOf(states, 2 * size);
            returns = Arrays.copyOf(returns, 2 * size);
        }
        states[size] = state;
        returns[size++] = to;
    }

    /// The return to the row that is made.
    private Return here(Nonterminal rule) {
        if (rule.madeIn != round) {
            rule.here = new Return(numReturns++, rule);
            rule.madeIn = round;
            pending.add(rule.here);
        }
        return rule.here;
    }

    /// Begins a rule at the row that is made.
    ///
    /// @param after the state of the calling rule after it
    /// @param to the return of the calling rule
    private void predict(Nonterminal rule, State after, Return to) {
        Return known = rule.predictedIn == round ? rule.predicted : null;
        if (known != null && (known == to && after.isEnd() || known.row == null && known.rule == rule)) {
            return;
        }
        // Of several calls only the first may be a tail call, so that there are no more items than calls.
        Return next = known == null && after.isEnd() ? to : here(rule);
        rule.predicted = next;
        rule.predictedIn = round;
        add(rule.start(), next);
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
        isOld |= row.epoch != epoch;
        int[] ending = accepted.lexemes();
        for (int i = 0; i < row.states.length; i++) {
            Steps steps = row.states[i].steps();
            for (int k = 0; k < steps.lexemes.length; k++) {
                if (Arrays.binarySearch(ending, steps.lexemes[k]) >= 0) {
                    add(steps.afterLexemes[k], row.returns[i]);
                }
            }
        }
    }

    private Row interned() {
        long[] items = new long[size];
        for (int i = 0; i < size; i++) {
            items[i] = item(states[i], returns[i]);
        }
        Arrays.sort(items);
        Key key = new Key(items);
        Row known = rows.get(key);
        if (known != null) {
            return known;
        }
        if (rows.size() >= MAX_ROWS || rowBytes >= GrammarLimits.CACHE) {
            reset();
            isOld = true;
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
            Return to = returns[i];
            Steps steps = state.steps();
            budget.steps(1 + steps.rules.length + steps.lexemes.length);
            if (state == finalState) {
                isComplete = true;
            }
            // A rule of no text is skipped where it is predicted.
            if (steps.isFinal() && to.row != null) {
                complete(to);
            }
            for (int k = 0; k < steps.rules.length; k++) {
                predict(steps.rules[k], steps.afterRules[k], to);
                if (steps.rules[k].isNullable()) {
                    add(steps.afterRules[k], to);
                }
            }
        }
        if (textItems + size > GrammarLimits.TEXT_ITEMS) {
            throw GrammarException.limit("items of the parser for the text so far", GrammarLimits.TEXT_ITEMS);
        }
        LexState start = lexer.start(lexemes());
        int items = ROW_ITEMS + size + pending.size();
        // A row after dropped ones keeps them.
        long bytes = (long) ITEM_BYTES * (isOld ? textItems + items : items);
        budget.cached(bytes);
        rowBytes += bytes;
        Row made = new Row(numRows++, epoch, Arrays.copyOf(states, size), Arrays.copyOf(returns, size), isComplete,
                start, textItems + items);
        pending.forEach(to -> to.row = made);
        return made;
    }

    private void complete(Return to) {
        Row row = to.row;
        budget.steps(row.states.length);
        for (int i = 0; i < row.states.length; i++) {
            Steps steps = row.states[i].steps();
            budget.steps(steps.rules.length);
            for (int k = 0; k < steps.rules.length; k++) {
                if (steps.rules[k] == to.rule) {
                    add(steps.afterRules[k], row.returns[i]);
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
