package glia.jinja;

import glia.jinja.value.Arguments;
import glia.jinja.value.Budget;
import glia.jinja.value.Iteration.Generator;
import glia.jinja.value.Iteration;
import glia.jinja.value.JinjaError;
import glia.jinja.value.ListValue;
import glia.jinja.value.Repr;
import glia.jinja.value.Values;
import java.util.Iterator;

/// `map`, and the filters that select elements: `select`, `reject`, `selectattr`, `rejectattr`.
final class SelectFilters {
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
