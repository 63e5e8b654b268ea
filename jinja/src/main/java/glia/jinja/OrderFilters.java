package glia.jinja;

import glia.jinja.value.Arguments;
import glia.jinja.value.Budget;
import glia.jinja.value.DictValue;
import glia.jinja.value.Iteration.Generator;
import glia.jinja.value.Iteration;
import glia.jinja.value.JinjaError;
import glia.jinja.value.Sequence.ListValue;
import glia.jinja.value.Sorting;
import glia.jinja.value.Text;
import glia.jinja.value.Types;
import glia.jinja.value.Undefined;
import glia.jinja.value.Values;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/// Filters that compare elements: `sort`, `dictsort`, `unique`, `min`, `max`.
final class OrderFilters {
    private static final int PART_BYTES = 160;

    private OrderFilters() {
    }

    static Object apply(String name, Object value, Arguments arguments, Budget budget) {
        return switch (name) {
            case "sort" -> sort(value, arguments.bind(name, 0, "reverse", "case_sensitive", "attribute"), budget);
            case "dictsort" -> dictSort(value, arguments.bind(name, 0, "case_sensitive", "by", "reverse"), budget);
            case "unique" -> unique(value, arguments.bind(name, 0, "case_sensitive", "attribute"), budget);
            case "min" -> extreme(value, arguments.bind(name, 0, "case_sensitive", "attribute"), false, budget);
            case "max" -> extreme(value, arguments.bind(name, 0, "case_sensitive", "attribute"), true, budget);
            default -> throw new AssertionError(name);
        };
    }

    /// Strings lower case, unless case matters; other values as they are.
    private static Object key(Object value, boolean caseSensitive, Budget budget) {
        if (caseSensitive || Types.kind(value) != Types.Kind.TEXT) {
            return value;
        }
        return Text.lower(value.toString(), budget);
    }

    private static Object sort(Object value, Arguments.Bound arguments, Budget budget) {
        List<AttributePath> paths = new ArrayList<>();
        Object attribute = arguments.get(2, null);
        if (attribute != null && Types.kind(attribute) == Types.Kind.TEXT) {
            budget.bytes(8L * attribute.toString().length());
            for (String each : attribute.toString().split(",", -1)) {
                budget.bytes(PART_BYTES);
                paths.add(AttributePath.of(each, budget));
            }
        } else {
            paths.add(AttributePath.of(attribute, budget));
        }
        ListValue items = Iteration.list(value, budget);
        List<Object> keys = new ArrayList<>();
        for (Object item : items.items()) {
            ListValue key = new ListValue(budget);
            for (AttributePath path : paths) {
                key.add(key(path.get(item, null), arguments.isTrue(1, false), budget), budget);
            }
            budget.items(1);
            keys.add(key);
        }
        budget.items(items.size());
        return list(Sorting.sort(items.items(), keys, arguments.isTrue(0, false), budget));
    }

    private static ListValue list(List<Object> items) {
        return new ListValue(new ArrayList<>(items));
    }

    private static Object dictSort(Object value, Arguments.Bound arguments, Budget budget) {
        String by = arguments.text(1, "key");
        if (!by.equals("key") && !by.equals("value")) {
            throw new JinjaError("You can only sort by either \"key\" or \"value\"");
        }
        if (!(value instanceof DictValue dict)) {
            throw value instanceof Undefined undefined ? undefined.error()
                    : new JinjaError("'" + Types.name(value) + "' object has no attribute 'items'");
        }
        ListValue items = new DictValue.View(dict, DictValue.View.Part.ITEMS).list(budget);
        List<Object> keys = new ArrayList<>();
        for (DictValue.Entry entry : dict.entries()) {
            keys.add(key(by.equals("key") ? entry.key() : entry.value(), arguments.isTrue(0, false), budget));
        }
        budget.items(2L * items.size());
        return list(Sorting.sort(items.items(), keys, arguments.isTrue(2, false), budget));
    }

    private static Object unique(Object value, Arguments.Bound arguments, Budget budget) {
        AttributePath path = AttributePath.of(arguments.get(1, null), budget);
        DictValue seen = new DictValue(budget);
        ListValue unique = new ListValue(budget);
        Iterator<Object> items = Iteration.of(value, budget);
        while (items.hasNext()) {
            Object item = items.next();
            Object key = key(path.get(item, null), arguments.isTrue(0, false), budget);
            if (seen.get(key, budget) == Values.ABSENT) {
                seen.put(key, true, budget);
                unique.add(item, budget);
            }
        }
        return new Generator(Iteration.of(unique, budget));
    }

    private static Object extreme(Object value, Arguments.Bound arguments, boolean largest, Budget budget) {
        AttributePath path = AttributePath.of(arguments.get(1, null), budget);
        boolean caseSensitive = arguments.isTrue(0, false);
        Iterator<Object> items = Iteration.of(value, budget);
        if (!items.hasNext()) {
            return Undefined.because("No aggregated item, sequence was empty.");
        }
        Object best = items.next();
        Object bestKey = key(path.get(best, null), caseSensitive, budget);
        while (items.hasNext()) {
            Object item = items.next();
            Object key = key(path.get(item, null), caseSensitive, budget);
            int order = Values.order(key, bestKey, largest ? ">" : "<", budget);
            if (largest ? order == 1 : order < 0) {
                best = item;
                bestKey = key;
            }
        }
        return best;
    }
}
