package glia.jinja;

import glia.jinja.value.Access;
import glia.jinja.value.Arguments;
import glia.jinja.value.Budget;
import glia.jinja.value.Callable;
import glia.jinja.value.Iteration;
import glia.jinja.value.JinjaError;
import glia.jinja.value.Markup;
import glia.jinja.value.Repr;
import glia.jinja.value.Types;
import glia.jinja.value.Undefined;
import glia.jinja.value.Values;

import java.util.Set;

/// The filters behind `|`, by name.
final class Filters {
    static final Set<String> NAMES = Set.of("abs", "attr", "batch", "capitalize", "center", "count", "d", "default",
            "dictsort", "e", "escape", "filesizeformat", "first", "float", "forceescape", "format", "groupby", "indent",
            "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr",
            "replace", "reverse", "round", "safe", "select", "selectattr", "slice", "sort", "string", "sum", "title",
            "tojson", "trim", "truncate", "unique", "upper", "urlencode", "wordcount", "xmlattr");

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
            throw Names.unknown("filter", name, NAMES);
        }
        return switch (name) {
            case "default", "d" -> byDefault(value, arguments.bind(name, 0, "default_value", "boolean"));
            case "length", "count" -> {
                arguments.positional(name, 0, 0);
                yield length(value, budget);
            }
            case "list" -> Iteration.list(value, budget);
            case "string" -> Types.kind(value) == Types.Kind.TEXT ? value : Repr.text(value, budget);
            case "attr" -> attribute(value, arguments.bind(name, 1, "name").text(0, null), budget);
            case "tojson" -> JsonFilter.apply(value, arguments, budget);
            case "map", "select", "reject", "selectattr", "rejectattr" ->
                SelectFilters.apply(name, value, arguments, budget);
            case "join", "first", "last", "reverse", "items", "batch", "slice", "sum" ->
                SequenceFilters.apply(name, value, arguments, budget);
            case "sort", "dictsort", "unique", "min", "max", "groupby" ->
                OrderFilters.apply(name, value, arguments, budget);
            case "abs", "int", "float", "round", "filesizeformat" ->
                NumberFilters.apply(name, value, arguments, budget);
            case "e", "escape" -> value instanceof Markup ? value : new Markup(Markup.escaped(value, budget));
            case "forceescape" -> new Markup(Markup.escape(Repr.text(value, budget), budget));
            case "safe" -> value instanceof Markup ? value : new Markup(Repr.text(value, budget));
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

    /// Calls the method of this name of the value as a string; markup stays markup.
    static Object method(Object value, String name, Arguments arguments, Budget budget) {
        Object text = Types.kind(value) == Types.Kind.TEXT ? value : Repr.text(value, budget);
        return ((Callable) Access.own(text, name, budget)).call(arguments, budget);
    }
}
