package glia.jinja;

import glia.jinja.value.Access;
import glia.jinja.value.Arguments;
import glia.jinja.value.Budget;
import glia.jinja.value.Callable;
import glia.jinja.value.Iteration.Generator;
import glia.jinja.value.Iteration;
import glia.jinja.value.JinjaError;
import glia.jinja.value.Json;
import glia.jinja.value.Repr;
import glia.jinja.value.Sequence.ListValue;
import glia.jinja.value.Types;
import glia.jinja.value.Undefined;
import glia.jinja.value.Values;
import java.util.Collection;
import java.util.Iterator;
import java.util.Set;
import java.util.TreeSet;

/// The filters behind `|`, by name.
final class Filters {
    private static final int MAX_LENGTH = 40;
    static final Set<String> NAMES = Set.of("abs", "attr", "capitalize", "count", "d", "default", "dictsort",
            "e", "escape", "first", "float", "indent", "int", "items", "join", "last", "length", "list", "lower", "map",
            "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr", "sort",
            "string", "sum", "title", "tojson", "trim", "unique", "upper");

    private Filters() {
    }

    static boolean exists(String name) {
        return NAMES.contains(name);
    }

    /// Applies a filter.
    ///
    /// @throws JinjaError where there is no such filter, or it cannot be applied
    static Object apply(String name, Object value, Arguments arguments, Budget budget) {
        budget.step();
        budget.operands(value, arguments);
        if (!exists(name)) {
            throw unknown("filter", name, NAMES);
        }
        return switch (name) {
            case "default", "d" -> byDefault(value, arguments.bind(name, 0, "default_value", "boolean"));
            case "length", "count" -> {
                arguments.positional(name, 0, 0);
                yield length(value, budget);
            }
            case "list" -> Iteration.list(value, budget);
            case "string", "safe" -> Repr.text(value, budget);
            case "attr" -> attribute(value, arguments.bind(name, 1, "name").text(0, null), budget);
            case "tojson" -> Json.write(value, arguments, budget);
            case "map", "select", "reject", "selectattr", "rejectattr" ->
                SelectFilters.apply(name, value, arguments, budget);
            case "join", "first", "last", "reverse", "items", "sum" ->
                SequenceFilters.apply(name, value, arguments, budget);
            case "sort", "dictsort", "unique", "min", "max" ->
                OrderFilters.apply(name, value, arguments, budget);
            case "abs", "int", "float", "round" ->
                NumberFilters.apply(name, value, arguments, budget);
            default -> TextFilters.apply(name, value, arguments, budget);
        };
    }

    private static Object byDefault(Object value, Arguments.Bound arguments) {
        boolean missing = value instanceof Undefined || arguments.isTrue(1, false) && !Values.isTrue(value);
        return missing ? arguments.get(0, "") : value;
    }

    private static Object length(Object value, Budget budget) {
        int length = Values.length(value, budget);
        if (length < 0) {
            throw new JinjaError("object of type '" + Types.name(value) + "' has no len()");
        }
        return (long) length;
    }

    private static Object attribute(Object value, String name, Budget budget) {
        Object attribute = Access.own(value, name, budget);
        return attribute == Values.ABSENT ? Undefined.member(value, name) : attribute;
    }

    /// Calls the method of this name of the value as a string.
    static Object method(Object value, String name, Arguments arguments, Budget budget) {
        Object text = Repr.text(value, budget);
        return ((Callable) Access.own(text, name, budget)).call(arguments, budget);
    }

    /// The error of an unknown filter or test: suggests the known name that is spelled nearly alike, or lists all.
    ///
    /// @param kind "filter" or "test"
    static JinjaError unknown(String kind, String name, Collection<String> known) {
        String found = name.length() <= MAX_LENGTH ? name : name.substring(0, MAX_LENGTH) + "…";
        for (String each : new TreeSet<>(known)) {
            if (isClose(each, found)) {
                return new JinjaError("No " + kind + " named '" + found + "'; did you mean '" + each + "'?");
            }
        }
        return new JinjaError("No " + kind + " named '" + found + "'; expected one of: "
                + String.join(", ", new TreeSet<>(known)));
    }

    /// Whether two names differ in one letter replaced, added, missing or swapped with the next one.
    private static boolean isClose(String a, String b) {
        int start = 0;
        while (start < a.length() && start < b.length() && a.charAt(start) == b.charAt(start)) {
            start++;
        }
        String restA = a.substring(start);
        String restB = b.substring(start);
        if (restA.length() == restB.length()) {
            boolean swapped = restA.length() > 1 && restA.charAt(0) == restB.charAt(1)
                    && restA.charAt(1) == restB.charAt(0) && restA.substring(2).equals(restB.substring(2));
            return swapped || restA.length() > 0 && a.length() > 1 && restA.substring(1).equals(restB.substring(1));
        }
        return !restA.isEmpty() && restA.substring(1).equals(restB)
                || !restB.isEmpty() && restB.substring(1).equals(restA);
    }

    /// `map`, and the filters that select elements: `select`, `reject`, `selectattr`, `rejectattr`.
    static final class SelectFilters {
        /// The arguments without the name of the filter.
        private static final int RENAMED_BYTES = 96;

        private SelectFilters() {
        }

        static Object apply(String name, Object value, Arguments arguments, Budget budget) {
            ListValue result = new ListValue(budget);
            if (Values.isTrue(value)) {
                Iterator<Object> items = Iteration.of(value, budget);
                if (name.equals("map")) {
                    map(items, arguments, result, budget);
                } else {
                    select(name, items, arguments, result, budget);
                }
            }
            return new Generator(Iteration.of(result, budget));
        }

        private static void map(Iterator<Object> items, Arguments arguments, ListValue result, Budget budget) {
            boolean byAttribute = arguments.positional().isEmpty() && arguments.named().containsKey("attribute");
            AttributePath path = null;
            Object otherwise = null;
            if (byAttribute) {
                Arguments.Bound bound = arguments.bind("map", 0, "attribute", "default");
                path = AttributePath.of(bound.get(0, null), budget);
                otherwise = bound.get(1, null);
            } else if (arguments.positional().isEmpty()) {
                throw new JinjaError("map requires a filter argument");
            }
            while (items.hasNext()) {
                budget.bytes(RENAMED_BYTES);
                result.add(byAttribute ? path.get(items.next(), otherwise)
                        : Filters.apply(name(arguments, 0, budget), items.next(), arguments.skip(1), budget), budget);
            }
        }

        private static String name(Arguments arguments, int index, Budget budget) {
            return Repr.str(arguments.positional().get(index), budget);
        }

        private static void select(String name, Iterator<Object> items, Arguments arguments, ListValue result,
                Budget budget) {
            boolean byAttribute = name.endsWith("attr");
            if (byAttribute && arguments.positional().isEmpty()) {
                throw new JinjaError("Missing parameter for attribute name");
            }
            AttributePath path = byAttribute ? AttributePath.of(arguments.positional().getFirst(), budget) : null;
            int at = byAttribute ? 1 : 0;
            boolean tested = arguments.positional().size() > at;
            String test = tested ? name(arguments, at, budget) : "";
            Arguments rest = tested ? arguments.skip(at + 1) : Arguments.NONE;
            boolean wanted = name.startsWith("select");
            while (items.hasNext()) {
                Object item = items.next();
                Object subject = byAttribute ? path.get(item, null) : item;
                boolean passes = tested ? Tests.test(test, subject, rest, budget) : Values.isTrue(subject);
                if (passes == wanted) {
                    result.add(item, budget);
                }
            }
        }
    }
}
