package glia.engine.grammar.schema;

import glia.engine.grammar.limit.GrammarBudget;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Makes and interns conditions.
final class Subs {
    private final GrammarBudget budget = GrammarBudget.current();
    private final Map<Object, Sub> positive = new IdentityHashMap<>();
    private final Map<Object, Sub> negative = new IdentityHashMap<>();
    private final Map<Object, Sub> constants = new IdentityHashMap<>();
    private final List<Sub> all = new ArrayList<>();
    private final Sub anything = made(true, false, null);
    private final Sub nothing = made(false, false, null);

    private Sub made(Object schema, boolean isNegated, Consumer<Clause> change) {
        budget.step();
        budget.bytes(100);
        Sub sub = new Sub(all.size(), schema, isNegated, change);
        all.add(sub);
        return sub;
    }

    /// Every value.
    Sub anything() {
        return anything;
    }

    /// No value.
    Sub nothing() {
        return nothing;
    }

    /// The values that a subschema accepts.
    Sub of(Object schema) {
        if (schema instanceof Boolean b) {
            return b ? anything : nothing;
        }
        return positive.computeIfAbsent(schema, s -> made(s, false, null));
    }

    /// The values that a condition excludes. The condition is no change.
    Sub not(Sub sub) {
        if (sub.schema instanceof Boolean b) {
            return b ? nothing : anything;
        }
        return sub.isNegated ? of(sub.schema) : negative.computeIfAbsent(sub.schema, s -> made(s, true, null));
    }

    /// A change to clauses.
    Sub change(Consumer<Clause> change) {
        return made(null, false, change);
    }

    /// The condition of one constant, made once.
    Sub constant(Object value, Supplier<Consumer<Clause>> change) {
        Object key = value == null ? this : value;
        Sub known = constants.get(key);
        if (known == null) {
            known = change(change.get());
            constants.put(key, known);
        }
        return known;
    }
}
