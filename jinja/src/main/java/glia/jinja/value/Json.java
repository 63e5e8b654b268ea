package glia.jinja.value;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/// Writes JSON as Python's `json.dumps` does.
public final class Json {
    /// An escape of a character and its parts.
    private static final int ESCAPE_BYTES = 160;

    private final boolean ascii;
    private final boolean sortKeys;
    /// What each level is indented by; null for one line.
    private final Object indent;
    /// What separates elements, and key and value.
    private Object item;
    private Object colon = ": ";
    private final Budget budget;
    private final TextBuilder out;

    private Json(Arguments.Bound arguments, Budget budget) {
        this.budget = budget;
        this.out = new TextBuilder(budget);
        ascii = arguments.isTrue(0, false);
        indent = indent(arguments, budget);
        item = indent == null ? ", " : ",";
        if (arguments.get(2, null) != null) {
            Sequence.ListValue separators = Iteration.list(arguments.get(2, null), budget);
            if (separators.size() != 2 || Types.kind(separators.get(0)) != Types.Kind.TEXT
                    || Types.kind(separators.get(1)) != Types.Kind.TEXT) {
                throw new JinjaError("tojson() takes two strings as separators");
            }
            item = separators.get(0);
            colon = separators.get(1);
        }
        sortKeys = arguments.isTrue(3, false);
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

    /// The value as JSON: the filter `tojson` of chat templates, without escaping for HTML.
    ///
    /// @throws JinjaError where the value, or one in it, has no form in JSON
    public static Object write(Object value, Arguments arguments, Budget budget) {
        Json json = new Json(arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys"), budget);
        json.write(value, 0);
        return json.out.value();
    }

    private void write(Object value, int level) {
        budget.enter();
        budget.step();
        switch (Types.kind(value)) {
            case NONE, BOOL, INT, FLOAT -> out.trusted(scalar(value));
            case TEXT -> quoted(value);
            case LIST, TUPLE -> array((Sequence) value, level);
            case DICT -> object((DictValue) value, level);
            case RANGE, UNDEFINED, OTHER ->
                throw new JinjaError("Object of type " + Types.name(value) + " is not JSON serializable");
        }
        budget.exit();
    }

    private String scalar(Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof Double real && (real.isNaN() || real.isInfinite())) {
            return real.isNaN() ? "NaN" : real > 0 ? "Infinity" : "-Infinity";
        }
        return value instanceof Boolean truth ? (truth ? "true" : "false") : Repr.repr(value, budget);
    }

    private void array(Sequence items, int level) {
        out.append('[');
        for (int i = 0; i < items.size(); i++) {
            separate(i == 0, level + 1);
            write(items.get(i), level + 1);
        }
        close(items.size() == 0, level, ']');
    }

    private void object(DictValue dict, int level) {
        budget.items(dict.size());
        List<DictValue.Entry> entries = new ArrayList<>(dict.entries());
        if (sortKeys) {
            entries = sorted(entries);
        }
        out.append('{');
        Iterator<DictValue.Entry> iterator = entries.iterator();
        for (boolean first = true; iterator.hasNext(); first = false) {
            DictValue.Entry entry = iterator.next();
            separate(first, level + 1);
            key(entry.key());
            out.append(colon);
            write(entry.value(), level + 1);
        }
        close(entries.isEmpty(), level, '}');
    }

    private List<DictValue.Entry> sorted(List<DictValue.Entry> entries) {
        budget.items(3L * entries.size());
        List<Object> keys = new ArrayList<>();
        entries.forEach(entry -> keys.add(entry.key()));
        List<DictValue.Entry> sorted = new ArrayList<>();
        for (Object entry : Sorting.sort(new ArrayList<>(entries), keys, false, budget)) {
            sorted.add((DictValue.Entry) entry);
        }
        return sorted;
    }

    private void key(Object key) {
        switch (Types.kind(key)) {
            case TEXT -> quoted(key);
            case NONE, BOOL, INT, FLOAT -> quoted(scalar(key));
            default -> throw new JinjaError("keys must be str, int, float, bool or None, not " + Types.name(key));
        }
    }

    private void separate(boolean first, int level) {
        if (!first) {
            out.append(item);
        }
        line(level);
    }

    private void close(boolean empty, int level, char bracket) {
        if (!empty) {
            line(level);
        }
        out.append(bracket);
    }

    private void line(int level) {
        if (indent != null) {
            out.append('\n').append(Operators.repeat(indent, level, budget));
        }
    }

    private void quoted(Object value) {
        String text = value.toString();
        budget.work(text.length());
        out.append('"');
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            String escaped = c >= ' ' && c != '"' && c != '\\' && (c <= '~' || !ascii) ? null : escaped(c);
            if (escaped != null) {
                out.append(value, start, i).inPlace(value, i, i + 1, escaped);
                start = i + 1;
            }
        }
        out.append(value, start, text.length()).append('"');
    }

    private String escaped(char c) {
        return switch (c) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '\b' -> "\\b";
            case '\f' -> "\\f";
            default -> {
                budget.bytes(ESCAPE_BYTES);
                String hex = Integer.toHexString(c);
                yield "\\u" + "0".repeat(4 - hex.length()) + hex;
            }
        };
    }
}
