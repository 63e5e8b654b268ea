package glia.jinja;

import glia.jinja.syntax.Frame;
import glia.jinja.value.Budget;
import glia.jinja.value.Undefined;
import glia.jinja.value.Values;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// The variables of a block, inside those of the block around it. Loops make a scope for each iteration, so a scope of
/// few variables is a small array. A template has one `String` object for each name ([glia.jinja.syntax.Lexer]), so
/// names are compared by identity there.
final class Scope {
    /// Names and values of two variables.
    private static final int INITIAL = 4;
    /// Larger scopes are hash tables.
    private static final int MAX_SLOTS = 16;
    private static final int BYTES = 96;
    private static final int BYTES_PER_VARIABLE = 64;
    private static final Object[] NONE = {};

    private final Scope outer;
    /// Name, value, name, value…, where [#variables] is null.
    private Object[] few = NONE;
    private int end;
    private Map<String, Object> variables;

    Scope(Scope outer, Budget budget) {
        this.outer = outer;
        budget.bytes(BYTES);
    }

    /// The variables of a block when it begins.
    Scope(Scope outer, Frame frame, Budget budget) {
        this(outer, budget);
        hide(frame, budget);
    }

    /// A scope of given variables, by name.
    Scope(Scope outer, Map<String, Object> variables) {
        this.outer = outer;
        this.variables = variables;
    }

    /// The value of the innermost variable of this name, or [Values#ABSENT].
    Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Object value = scope.own(name);
            if (value != Values.ABSENT) {
                return value;
            }
        }
        return Values.ABSENT;
    }

    private Object own(String name) {
        if (variables != null) {
            return variables.getOrDefault(name, Values.ABSENT);
        }
        for (int i = 0; i < end; i += 2) {
            if (few[i] == name) {
                return few[i + 1];
            }
        }
        return Values.ABSENT;
    }

    /// Sets a variable of this block.
    void set(String name, Object value, Budget budget) {
        if (variables == null) {
            for (int i = 0; i < end; i += 2) {
                if (few[i] == name) {
                    few[i + 1] = value;
                    return;
                }
            }
            if (end < MAX_SLOTS) {
                add(name, value, budget);
                return;
            }
            variables = new HashMap<>();
            for (int i = 0; i < end; i += 2) {
                variables.put((String) few[i], few[i + 1]);
            }
        }
        budget.bytes(BYTES_PER_VARIABLE);
        variables.put(name, value);
    }

    private void add(String name, Object value, Budget budget) {
        if (end == few.length) {
            budget.bytes(BYTES_PER_VARIABLE);
            few = Arrays.copyOf(few, Math.max(INITIAL, 2 * end));
        }
        few[end++] = name;
        few[end++] = value;
    }

    /// Makes the variables undefined that belong to a block and are not assigned yet.
    void hide(Frame frame, Budget budget) {
        for (String name : frame.hiding()) {
            budget.step();
            budget.bytes(BYTES_PER_VARIABLE);
            set(name, Undefined.variable(name), budget);
        }
    }
}
