package glia.jinja;

import glia.jinja.value.Budget;
import glia.jinja.value.DictValue;
import glia.jinja.value.JinjaError;
import glia.jinja.value.Numbers;
import glia.jinja.value.Sequence.ListValue;
import glia.jinja.value.TrustedText;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/// Converts the caller's variables to values of templates and measures them. Lists and maps are copied, so that no
/// template can change the caller's objects.
final class Inputs {
    /// The size of a value besides its characters.
    private static final int VALUE_SIZE = 128;
    /// A larger input is refused; a map that contains itself has no end.
    private static final long MAX_SIZE = 1L << 30;

    /// Limits the depth only: the caller's values are not the template's work.
    private final Budget budget;
    private long size;

    private Inputs(Budget budget) {
        this.budget = budget;
    }

    /// The variables as values; the budget grows with their size.
    static Map<String, Object> variables(Map<String, ?> given, Budget budget) {
        Inputs inputs = new Inputs(budget.forInput());
        Map<String, Object> variables = new HashMap<>();
        for (Map.Entry<String, ?> each : given.entrySet()) {
            variables.put(each.getKey(), inputs.value(each.getValue(), each.getKey()));
        }
        budget.grow(inputs.size);
        return variables;
    }

    private Object value(Object given, String name) {
        add(VALUE_SIZE, name);
        if (given == null || given instanceof Boolean) {
            return given;
        }
        if (given instanceof String text) {
            add(text.length(), name);
            return text;
        }
        if (given instanceof TrustedText text) {
            add(text.toString().length(), name);
            return text;
        }
        if (given instanceof Map<?, ?> map) {
            return dict(map, name);
        }
        if (given instanceof Collection<?> items) {
            return list(items, name);
        }
        if (given instanceof CharSequence text) {
            add(text.length(), name);
            return text.toString();
        }
        return number(given, name);
    }

    private void add(int more, String name) {
        size += more;
        if (size > MAX_SIZE) {
            throw new JinjaError("the variables up to '" + name + "' hold more than " + MAX_SIZE
                    + " characters; pass less, or check for a list or map that contains itself");
        }
    }

    private static JinjaError unfit(Object given, String name) {
        return new JinjaError("variable '" + name + "' holds a " + given.getClass().getName()
                + "; expected null, a boolean, a number, a string, a list or a map");
    }

    private static Object number(Object given, String name) {
        if (given instanceof Double || given instanceof Float || given instanceof BigDecimal) {
            return ((Number) given).doubleValue();
        }
        if (given instanceof BigInteger integer) {
            return Numbers.normal(integer);
        }
        if (given instanceof Long || given instanceof Integer || given instanceof Short || given instanceof Byte) {
            return ((Number) given).longValue();
        }
        throw unfit(given, name);
    }

    private Object dict(Map<?, ?> map, String name) {
        budget.enter();
        DictValue dict = new DictValue(budget);
        for (Map.Entry<?, ?> each : map.entrySet()) {
            dict.put(value(each.getKey(), name), value(each.getValue(), name), budget);
        }
        budget.exit();
        return dict;
    }

    private Object list(Collection<?> items, String name) {
        budget.enter();
        ArrayList<Object> list = new ArrayList<>(items.size());
        for (Object item : items) {
            list.add(value(item, name));
        }
        budget.exit();
        return new ListValue(list);
    }
}
