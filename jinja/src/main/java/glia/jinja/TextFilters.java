package glia.jinja;

import glia.jinja.value.Access;
import glia.jinja.value.Arguments;
import glia.jinja.value.Budget;
import glia.jinja.value.DictValue;
import glia.jinja.value.Iteration;
import glia.jinja.value.JinjaError;
import glia.jinja.value.ListValue;
import glia.jinja.value.Markup;
import glia.jinja.value.Operators.Operator;
import glia.jinja.value.Operators;
import glia.jinja.value.PercentFormat;
import glia.jinja.value.Repr;
import glia.jinja.value.Text;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TextSearch;
import glia.jinja.value.TrustedText;
import glia.jinja.value.TupleValue;
import glia.jinja.value.Types.Kind;
import glia.jinja.value.Types;
import glia.jinja.value.Undefined;
import glia.jinja.value.Values;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Iterator;
import java.util.Map;

/// Filters on strings. Other values are turned into strings first.
final class TextFilters {
    private TextFilters() {
    }

    static Object apply(String name, Object value, Arguments arguments, Budget budget) {
        return switch (name) {
            case "upper", "lower", "capitalize" -> {
                arguments.positional(name, 0, 0);
                yield Filters.method(value, name, arguments, budget);
            }
            case "trim" -> {
                Object chars = arguments.bind(name, 0, "chars").get(0, null);
                yield Filters.method(value, "strip", positional(chars), budget);
            }
            case "center" -> {
                Object width = arguments.bind(name, 0, "width").get(0, 80L);
                yield Filters.method(value, "center", positional(width), budget);
            }
            case "title" -> title(Repr.text(value, budget), budget);
            case "replace" -> replace(value, arguments.bind(name, 2, "old", "new", "count"), budget);
            case "format" -> format(value, arguments, budget);
            case "indent" -> indent(value, arguments.bind(name, 0, "width", "first", "blank"), budget);
            case "truncate" ->
                truncate(value, arguments.bind(name, 0, "length", "killwords", "end", "leeway"), budget);
            case "wordcount" -> countWords(Repr.str(value, budget), budget);
            case "urlencode" -> UrlEncoding.encode(value, budget);
            case "xmlattr" -> xmlAttributes(value, arguments.bind(name, 0, "autospace").isTrue(0, true), budget);
            default -> throw new AssertionError(name);
        };
    }

    private static Arguments positional(Object argument) {
        return new Arguments(Collections.singletonList(argument), Map.of());
    }

    /// Each word's first character upper case and the others lower, where words start after blanks, hyphens and
    /// opening brackets.
    private static Object title(Object value, Budget budget) {
        return TrustedText.changed(value, Text.titleOfWords(value.toString(), budget));
    }

    private static Object replace(Object value, Arguments.Bound arguments, Budget budget) {
        Object text = Repr.text(value, budget);
        return TextSearch.replace(text, Repr.str(arguments.get(0, null), budget),
                Repr.text(arguments.get(1, null), budget), arguments.integerOrNone(2, -1), budget);
    }

    private static Object format(Object value, Arguments arguments, Budget budget) {
        Object values = TupleValue.of(budget, arguments.positional().toArray());
        if (!arguments.named().isEmpty()) {
            if (!arguments.positional().isEmpty()) {
                throw new JinjaError("can't handle positional and keyword arguments at the same time");
            }
            DictValue named = new DictValue(budget);
            arguments.named().forEach((name, argument) -> named.put(name, argument, budget));
            values = named;
        }
        Object format = value instanceof Markup ? value : Repr.text(value, budget);
        Object text = PercentFormat.format(format, values, budget);
        return value instanceof Markup ? new Markup(text) : text;
    }

    private static Object indent(Object value, Arguments.Bound arguments, Budget budget) {
        Object width = arguments.get(0, 4L);
        Object indent = Types.kind(width) == Kind.TEXT ? Repr.text(width, budget)
                : Operators.apply(Operator.MULTIPLY, " ", width, budget);
        // Refuses a value that is not a string, with the message of `+`.
        Object text = Operators.apply(Operator.ADD, value, "\n", budget);
        boolean blank = arguments.isTrue(2, false);
        TextBuilder out = new TextBuilder(budget).append(arguments.isTrue(1, false) ? indent : "");
        boolean first = true;
        for (Object line : Text.lines(text, false, budget).items()) {
            int length = line.toString().length();
            boolean moved = !first && (blank || length > 0);
            out.append(first ? "" : "\n").append(moved ? indent : "").append(line);
            first = false;
        }
        return value instanceof Markup ? new Markup(out.value()) : out.value();
    }

    private static Object truncate(Object value, Arguments.Bound arguments, Budget budget) {
        long length = arguments.integer(0, 255);
        String end = arguments.text(2, "...");
        long leeway = arguments.integerOrNone(3, 5);
        long kept = length - Text.length(end);
        if (kept < 0 || leeway < 0) {
            throw new JinjaError("expected length >= " + Text.length(end) + " and leeway >= 0, got " + length
                    + " and " + leeway);
        }
        int size = Values.length(value, budget);
        if (value instanceof Undefined || size >= 0 && size - leeway <= length) {
            return value;
        }
        if (Types.kind(value) != Kind.TEXT) {
            throw new JinjaError("truncate() takes a string, not " + Types.name(value));
        }
        Object text = Access.slice(value, null, kept, null, budget);
        int space = text.toString().lastIndexOf(' ');
        int cut = arguments.isTrue(1, false) || space < 0 ? text.toString().length() : space;
        return new TextBuilder(budget).append(text, 0, cut).append(arguments.get(2, end)).value();
    }

    private static Object countWords(String text, Budget budget) {
        budget.work(text.length());
        long count = 0;
        boolean inWord = false;
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            boolean letter = Character.isLetterOrDigit(text.codePointAt(i)) || text.charAt(i) == '_';
            count += letter && !inWord ? 1 : 0;
            inWord = letter;
        }
        return count;
    }

    private static Object xmlAttributes(Object value, boolean space, Budget budget) {
        if (!(value instanceof DictValue dict)) {
            throw value instanceof Undefined undefined ? undefined.error()
                    : new JinjaError("'" + Types.name(value) + "' object has no attribute 'items'");
        }
        TextBuilder out = new TextBuilder(budget);
        for (DictValue.Entry entry : dict.entries()) {
            budget.step();
            if (entry.value() == null || entry.value() instanceof Undefined) {
                continue;
            }
            if (Types.kind(entry.key()) != Kind.TEXT) {
                throw new JinjaError("attribute names must be strings, not " + Types.name(entry.key()));
            }
            String name = entry.key().toString();
            budget.work(name.length());
            budget.bytes(256);
            if (name.chars().anyMatch(c -> c == '/' || c == '>' || c == '=' || c < 0x80 && Text.isSpace(c))) {
                throw new JinjaError("Invalid character in attribute name: " + Repr.repr(entry.key(), budget));
            }
            out.append(space || out.length() > 0 ? " " : "").append(Markup.escape(name, budget).toString())
                    .append("=\"").append(Markup.escaped(entry.value(), budget).toString()).append('"');
        }
        return out.toString();
    }

    /// Percent-encoding of texts, and of dicts and pairs as a query.
    private static final class UrlEncoding {
        static String encode(Object value, Budget budget) {
            if (Types.kind(value) == Kind.TEXT || !Iteration.isIterable(value)) {
                return quote(value, "/", budget);
            }
            Object pairs = value instanceof DictValue ? Filters.apply("items", value, Arguments.NONE, budget) : value;
            Iterator<Object> iterator = Iteration.of(pairs, budget);
            TextBuilder query = new TextBuilder(budget);
            while (iterator.hasNext()) {
                ListValue pair = Iteration.list(iterator.next(), budget);
                if (pair.size() != 2) {
                    throw new JinjaError("urlencode() takes pairs, got " + pair.size() + " values");
                }
                query.append(query.length() == 0 ? "" : "&").append(plus(pair.get(0), budget)).append('=')
                        .append(plus(pair.get(1), budget));
            }
            return query.toString();
        }

        private static String plus(Object value, Budget budget) {
            String quoted = quote(value, "", budget);
            return budget.made(quoted.replace("%20", "+"));
        }

        private static String quote(Object value, String kept, Budget budget) {
            String text = Repr.str(value, budget);
            budget.work(2L * text.length());
            budget.bytes(4L * text.length());
            TextBuilder out = new TextBuilder(budget);
            for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
                char c = (char) (b & 0xff);
                boolean plain = c < 0x80 && (Character.isLetterOrDigit(c) || "_.-~".indexOf(c) >= 0)
                        || kept.indexOf(c) >= 0;
                if (plain) {
                    out.append(c);
                } else {
                    out.append('%').append(Character.toUpperCase(Character.forDigit(c >> 4, 16)))
                            .append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
                }
            }
            return out.toString();
        }
    }
}
