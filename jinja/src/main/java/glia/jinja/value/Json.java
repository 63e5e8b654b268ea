package glia.jinja.value;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/// Writes JSON as Python's `json.dumps` does.
public final class Json {
    private final Options options;
    private final StringBuilder out = new StringBuilder();
    private final Budget budget;

    private Json(Options options, Budget budget) {
        this.options = options;
        this.budget = budget;
    }

    /// How to write.
    ///
    /// @param indent what each level is indented by; null for one line
    /// @param item what separates elements
    /// @param key what separates key and value
    public record Options(boolean ascii, String indent, String item, String key, boolean sortKeys) {
    }

    /// The value as JSON.
    ///
    /// @throws JinjaError where the value, or one in it, has no form in JSON
    public static String write(Object value, Options options, Budget budget) {
        Json json = new Json(options, budget);
        json.write(value, 0);
        return json.out.toString();
    }

    private void write(Object value, int level) {
        budget.enter();
        budget.step();
        int start = out.length();
        switch (Types.kind(value)) {
            case NONE, BOOL, INT, FLOAT -> out.append(scalar(value));
            case TEXT -> quoted(value.toString());
            case LIST, TUPLE -> array((Sequence) value, level);
            case DICT -> object((DictValue) value, level);
            case RANGE, UNDEFINED, OTHER ->
                throw new JinjaError("Object of type " + Types.name(value) + " is not JSON serializable");
        }
        boolean container = value instanceof Sequence || value instanceof DictValue;
        budget.text(container ? 2 : out.length() - start);
        budget.exit();
    }

    private String scalar(Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof Double real) {
            return real.isNaN() ? "NaN" : real.isInfinite() ? (real > 0 ? "Infinity" : "-Infinity") : Repr.real(real);
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
        List<DictValue.Entry> entries = new ArrayList<>(dict.entries());
        if (options.sortKeys()) {
            entries = sorted(entries);
        }
        out.append('{');
        Iterator<DictValue.Entry> iterator = entries.iterator();
        for (boolean first = true; iterator.hasNext(); first = false) {
            DictValue.Entry entry = iterator.next();
            separate(first, level + 1);
            key(entry.key());
            out.append(options.key());
            write(entry.value(), level + 1);
        }
        close(entries.isEmpty(), level, '}');
    }

    private List<DictValue.Entry> sorted(List<DictValue.Entry> entries) {
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
            case TEXT -> quoted(key.toString());
            case NONE, BOOL, INT, FLOAT -> quoted(scalar(key));
            default -> throw new JinjaError("keys must be str, int, float, bool or None, not " + Types.name(key));
        }
        budget.text(2);
    }

    private void separate(boolean first, int level) {
        if (!first) {
            out.append(options.item());
        }
        line(level);
        budget.text(options.item().length() + (long) options.key().length());
    }

    private void close(boolean empty, int level, char bracket) {
        if (!empty) {
            line(level);
        }
        out.append(bracket);
    }

    private void line(int level) {
        if (options.indent() != null) {
            out.append('\n').append(Operators.repeat(options.indent(), level, budget));
        }
    }

    private void quoted(String text) {
        budget.scan(text.length());
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < ' ' || options.ascii() && c > '~') {
                        String hex = Integer.toHexString(c);
                        out.append("\\u").repeat('0', 4 - hex.length()).append(hex);
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
