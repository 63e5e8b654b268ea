package glia.text.jinja;

import glia.text.jinja.value.Values;

import java.util.HashMap;
import java.util.Map;

/// The variables of a block, inside those of the block around it.
final class Scope {
    private final Scope outer;
    private final Map<String, Object> variables;

    Scope(Scope outer) {
        this(outer, new HashMap<>(8));
    }

    Scope(Scope outer, Map<String, Object> variables) {
        this.outer = outer;
        this.variables = variables;
    }

    /// The value of the innermost variable of this name, or [Values#ABSENT].
    Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Object value = scope.variables.getOrDefault(name, Values.ABSENT);
            if (value != Values.ABSENT) {
                return value;
            }
        }
        return Values.ABSENT;
    }

    /// Sets a variable of this block.
    void set(String name, Object value) {
        variables.put(name, value);
    }

    /// The scope of the template's top level.
    Scope outermost() {
        Scope scope = this;
        // The globals lie outside of it.
        while (scope.outer != null && scope.outer.outer != null) {
            scope = scope.outer;
        }
        return scope;
    }
}
