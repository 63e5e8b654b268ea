package glia.jinja.value;

import java.util.Iterator;
import java.util.Set;

/// The methods of dicts.
final class DictMethods {
    static final Set<String> NAMES = Set.of("get", "items", "keys", "values", "copy", "pop", "popitem", "setdefault",
            "update", "clear");

    private DictMethods() {
    }

    static boolean exists(String name) {
        return NAMES.contains(name);
    }

    static Object call(DictValue dict, String name, Arguments arguments, Budget budget) {
        return switch (name) {
            case "get" -> get(dict, arguments.positional(name, 1, 2), budget);
            case "pop" -> pop(dict, arguments.positional(name, 1, 2), budget);
            case "setdefault" -> setDefault(dict, arguments.positional(name, 1, 2), budget);
            case "update" -> {
                update(dict, arguments, budget);
                yield null;
            }
            default -> {
                arguments.positional(name, 0, 0);
                yield call(dict, name, budget);
            }
        };
    }

    private static Object call(DictValue dict, String name, Budget budget) {
        return switch (name) {
            case "items" -> new DictValue.View(dict, DictValue.View.Part.ITEMS);
            case "keys" -> new DictValue.View(dict, DictValue.View.Part.KEYS);
            case "values" -> new DictValue.View(dict, DictValue.View.Part.VALUES);
            case "copy" -> {
                DictValue copy = new DictValue(budget);
                fill(copy, dict, budget);
                yield copy;
            }
            case "popitem" -> popItem(dict, budget);
            case "clear" -> {
                dict.clear(budget);
                yield null;
            }
            default -> throw new AssertionError(name);
        };
    }

    private static Object get(DictValue dict, Arguments.Bound arguments, Budget budget) {
        Object value = dict.get(arguments.get(0, null), budget);
        return value == Values.ABSENT ? arguments.get(1, null) : value;
    }

    private static Object pop(DictValue dict, Arguments.Bound arguments, Budget budget) {
        Object value = dict.remove(arguments.get(0, null), budget);
        if (value != Values.ABSENT) {
            return value;
        }
        if (arguments.has(1)) {
            return arguments.get(1, null);
        }
        throw new JinjaError(Repr.repr(arguments.get(0, null), budget));
    }

    private static Object popItem(DictValue dict, Budget budget) {
        if (dict.size() == 0) {
            throw new JinjaError("popitem(): dictionary is empty");
        }
        DictValue.Entry last = dict.last();
        dict.remove(last.key(), budget);
        return Sequence.TupleValue.of(budget, last.key(), last.value());
    }

    private static Object setDefault(DictValue dict, Arguments.Bound arguments, Budget budget) {
        Object key = arguments.get(0, null);
        Object value = dict.get(key, budget);
        if (value == Values.ABSENT) {
            value = arguments.get(1, null);
            dict.put(key, value, budget);
        }
        return value;
    }

    /// Sets entries from a dict or an iterable of pairs, and from named arguments, as `dict(…)` does too.
    static void update(DictValue dict, Arguments arguments, Budget budget) {
        if (arguments.positional().size() > 1) {
            throw new JinjaError("dict expected at most 1 argument, got " + arguments.positional().size());
        }
        if (!arguments.positional().isEmpty()) {
            fill(dict, arguments.positional().getFirst(), budget);
        }
        arguments.named().forEach((name, value) -> dict.put(name, value, budget));
    }

    private static void fill(DictValue dict, Object source, Budget budget) {
        if (source instanceof DictValue other) {
            if (other != dict) {
                for (DictValue.Entry entry : other.entries()) {
                    dict.put(entry.key(), entry.value(), budget);
                }
            }
            return;
        }
        Operators.refuseUndefined(source, null);
        Iterator<Object> pairs = Iteration.of(source, budget);
        while (pairs.hasNext()) {
            Sequence.ListValue pair = Iteration.list(pairs.next(), budget);
            if (pair.size() != 2) {
                throw new JinjaError("dictionary update sequence element has length " + pair.size()
                        + "; 2 is required");
            }
            dict.put(pair.get(0), pair.get(1), budget);
        }
    }
}
