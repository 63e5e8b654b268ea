package glia.engine.grammar.schema;

import java.util.function.Consumer;

/// A condition on a value: a subschema, its negation, or a change to a [Clause]. Equal conditions are one object.
final class Sub {
    final int id;
    /// A map or a boolean; null for a change.
    final Object schema;
    final boolean isNegated;
    final Consumer<Clause> change;

    Sub(int id, Object schema, boolean isNegated, Consumer<Clause> change) {
        this.id = id;
        this.schema = schema;
        this.isNegated = isNegated;
        this.change = change;
    }

    /// Whether every value satisfies it, by its form.
    boolean isTrue() {
        return schema instanceof Boolean b && b != isNegated
                || schema instanceof java.util.Map<?, ?> map && map.isEmpty() && !isNegated;
    }
}
