package glia.jinja;

import glia.jinja.syntax.Frame;
import glia.jinja.value.Budget;
import glia.jinja.value.Undefined;
import glia.jinja.value.Values;

import java.util.HashMap;
import java.util.Map;

/// The variables of a block, inside those of the block around it.
final class Scope {
    /// An object, a hash table and a few entries.
    private static final int BYTES = 256;

    private final Scope outer;
    private final Map<String, Object> variables;

    Scope(Scope outer, Budget budget) {
        this(outer, new HashMap<>(8));
        budget.bytes(BYTES);
    }

    /// The variables of a block when it begins.
    Scope(Scope outer, Frame frame, Budget budget) {
        this(outer, budget);
        hide(frame, budget);
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

    /// Makes the variables undefined that belong to a block and are not assigned yet.
    void hide(Frame frame, Budget budget) {
        budget.entries(frame.hiding().size());
        for (String name : frame.hiding()) {
            variables.put(name, Undefined.variable(name));
        }
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
