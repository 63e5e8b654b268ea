package glia.jinja;

import glia.jinja.value.Arguments;
import glia.jinja.value.Budget;
import glia.jinja.value.Iteration;
import glia.jinja.value.JinjaError;
import glia.jinja.value.Json;
import glia.jinja.value.ListValue;
import glia.jinja.value.Types;

/// The filter `tojson` of chat templates: Python's `json.dumps`, without escaping for HTML.
final class JsonFilter {
    private JsonFilter() {
    }

    static Object apply(Object value, Arguments arguments, Budget budget) {
        Arguments.Bound bound =
                arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
        Object indent = indent(bound, budget);
        Object item = indent == null ? ", " : ",";
        Object key = ": ";
        if (bound.get(2, null) != null) {
            ListValue separators = Iteration.list(bound.get(2, null), budget);
            if (separators.size() != 2 || Types.kind(separators.get(0)) != Types.Kind.TEXT
                    || Types.kind(separators.get(1)) != Types.Kind.TEXT) {
                throw new JinjaError("tojson() takes two strings as separators");
            }
            item = separators.get(0);
            key = separators.get(1);
        }
        Json.Options options =
                new Json.Options(bound.isTrue(0, false), indent, item, key, bound.isTrue(3, false));
        return Json.write(value, options, budget);
    }

    private static Object indent(Arguments.Bound bound, Budget budget) {
        Object indent = bound.get(1, null);
        if (indent == null || Types.kind(indent) == Types.Kind.TEXT) {
            return indent;
        }
        long width = Math.max(0, bound.integer(1, 0));
        budget.text(Math.min(width, Integer.MAX_VALUE));
        return " ".repeat((int) width);
    }
}
