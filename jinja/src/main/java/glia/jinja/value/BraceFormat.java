package glia.jinja.value;

import java.util.Map;

/// Python's `"{} {name!r:>10}".format(…)`.
final class BraceFormat {
    /// A specification may hold fields of its own, but no deeper.
    private static final int MAX_DEPTH = 2;

    private final Arguments arguments;
    private final DictValue mapping;
    private final Budget budget;
    private int next;
    private boolean numbered;

    private BraceFormat(Arguments arguments, DictValue mapping, Budget budget) {
        this.arguments = arguments;
        this.mapping = mapping;
        this.budget = budget;
    }

    static Object format(Object text, Arguments arguments, Budget budget) {
        DictValue named = new DictValue(budget);
        for (Map.Entry<String, Object> argument : arguments.named().entrySet()) {
            named.put(argument.getKey(), argument.getValue(), budget);
        }
        return new BraceFormat(arguments, named, budget).expand(text, MAX_DEPTH);
    }

    static Object formatMap(Object text, Object mapping, Budget budget) {
        if (!(mapping instanceof DictValue dict)) {
            throw new JinjaError("format_map() takes a mapping, not " + Types.name(mapping));
        }
        return new BraceFormat(Arguments.NONE, dict, budget).expand(text, MAX_DEPTH);
    }

    private Object expand(Object template, int depth) {
        if (depth == 0) {
            throw new JinjaError("Max string recursion exceeded");
        }
        String text = template.toString();
        budget.work(text.length());
        TextBuilder out = new TextBuilder(budget);
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i);
            boolean doubled = i + 1 < text.length() && text.charAt(i + 1) == c;
            if ((c == '{' || c == '}') && doubled) {
                out.append(template, i, i + 1);
                i += 2;
            } else if (c == '}') {
                throw new JinjaError("Single '}' encountered in format string");
            } else if (c == '{') {
                int end = closing(text, i);
                out.append(field(budget.made(text.substring(i + 1, end)), depth));
                i = end + 1;
            } else {
                int end = i + 1;
                while (end < text.length() && text.charAt(end) != '{' && text.charAt(end) != '}') {
                    end++;
                }
                out.append(template, i, end);
                i = end;
            }
        }
        return out.value();
    }

    private static int closing(String text, int open) {
        int depth = 0;
        for (int i = open; i < text.length(); i++) {
            if (text.charAt(i) == '{') {
                depth++;
            } else if (text.charAt(i) == '}' && --depth == 0) {
                return i;
            }
        }
        throw new JinjaError("expected '}' before end of string");
    }

    private Object field(String field, int depth) {
        budget.steps(2);
        budget.work(field.length());
        budget.bytes(512 + 6L * field.length());
        int end = 0;
        while (end < field.length() && field.charAt(end) != ':' && field.charAt(end) != '!') {
            end = field.charAt(end) == '[' ? Math.max(end, field.indexOf(']', end)) + 1 : end + 1;
        }
        Object value = lookUp(field.substring(0, end));
        if (end < field.length() && field.charAt(end) == '!') {
            value = convert(value, field, end + 1);
            end += 2;
        }
        if (end < field.length() && field.charAt(end) != ':') {
            throw new JinjaError("expected ':' after conversion specifier");
        }
        String spec = end < field.length() ? expand(field.substring(end + 1), depth - 1).toString() : "";
        return FormatSpec.format(value, spec, budget);
    }

    private Object convert(Object value, String field, int at) {
        char conversion = at < field.length() ? field.charAt(at) : 0;
        return switch (conversion) {
            case 'r', 'a' -> Repr.shown(value, budget);
            case 's' -> Repr.text(value, budget);
            default -> throw new JinjaError("Unknown conversion specifier in '{" + field + "}'");
        };
    }

    /// The value of `name.attribute[index]…`.
    private Object lookUp(String path) {
        int end = 0;
        while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
            end++;
        }
        Object value = argument(path.substring(0, end));
        while (end < path.length()) {
            boolean bracket = path.charAt(end) == '[';
            int start = end + 1;
            budget.step();
            budget.bytes(64);
            end = start;
            while (end < path.length() && (bracket ? path.charAt(end) != ']' : ".[".indexOf(path.charAt(end)) < 0)) {
                end++;
            }
            String name = path.substring(start, end);
            if (name.isEmpty()) {
                throw new JinjaError("Empty attribute in format string");
            }
            value = bracket ? Access.item(value, isNumber(name) ? (Object) Long.parseLong(name) : name, budget)
                    : Access.attribute(value, name, budget);
            end += bracket ? 1 : 0;
        }
        return value;
    }

    private Object argument(String name) {
        if (!name.isEmpty() && !isNumber(name)) {
            Object value = mapping.get(name);
            if (value == Values.ABSENT) {
                throw new JinjaError("'" + name + "'");
            }
            return value;
        }
        if (name.isEmpty() ? numbered : next > 0) {
            throw new JinjaError("cannot switch between manual field specification and automatic field numbering");
        }
        numbered = !name.isEmpty();
        int index = name.isEmpty() ? next++ : Integer.parseInt(name);
        if (index >= arguments.positional().size()) {
            throw new JinjaError("Replacement index " + index + " out of range for positional args tuple");
        }
        return arguments.positional().get(index);
    }

    private static boolean isNumber(String name) {
        return name.length() <= 9 && !name.isEmpty() && name.chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
