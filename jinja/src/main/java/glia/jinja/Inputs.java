package glia.jinja;

import glia.jinja.value.Budget;
import glia.jinja.value.DictValue;
import glia.jinja.value.JinjaError;
import glia.jinja.value.ListValue;
import glia.jinja.value.Numbers;
import glia.jinja.value.TrustedText;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/// Turns the variables a caller gives into values of templates. All is copied, so that nothing a template does reaches
/// the caller's objects. No type switch and no lambda here, see [glia.jinja.syntax.Expr].
final class Inputs {
    private Inputs() {
    }

    static Map<String, Object> variables(Map<String, ?> given, Budget budget) {
        Map<String, Object> variables = new HashMap<>();
        for (Map.Entry<String, ?> each : given.entrySet()) {
            variables.put(each.getKey(), value(each.getValue(), each.getKey(), budget));
        }
        return variables;
    }

    private static Object value(Object given, String name, Budget budget) {
        budget.step();
        if (given == null || given instanceof Boolean || given instanceof String
                || given instanceof TrustedText) {
            return given;
        }
        if (given instanceof Map<?, ?> map) {
            return dict(map, name, budget);
        }
        if (given instanceof Collection<?> items) {
            return list(items, name, budget);
        }
        if (given instanceof CharSequence text) {
            return text.toString();
        }
        return number(given, name);
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

    private static Object dict(Map<?, ?> map, String name, Budget budget) {
        budget.enter();
        DictValue dict = new DictValue();
        for (Map.Entry<?, ?> each : map.entrySet()) {
            dict.put(value(each.getKey(), name, budget), value(each.getValue(), name, budget), budget);
        }
        budget.exit();
        return dict;
    }

    private static Object list(Collection<?> items, String name, Budget budget) {
        budget.enter();
        ArrayList<Object> list = new ArrayList<>(items.size());
        for (Object item : items) {
            list.add(value(item, name, budget));
        }
        budget.exit();
        return new ListValue(list);
    }
}
