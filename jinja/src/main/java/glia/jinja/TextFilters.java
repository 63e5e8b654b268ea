package glia.jinja;

import glia.jinja.value.Arguments;
import glia.jinja.value.Budget;
import glia.jinja.value.Operators.Operator;
import glia.jinja.value.Operators;
import glia.jinja.value.Repr;
import glia.jinja.value.Text;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TextSearch;
import glia.jinja.value.TrustedText;
import glia.jinja.value.Types.Kind;
import glia.jinja.value.Types;
import java.util.Collections;
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
                yield Filters.method(value, "strip",
                        new Arguments(Collections.singletonList(chars), Map.of()), budget);
            }
            case "title" -> title(Repr.text(value, budget), budget);
            case "replace" -> replace(value, arguments.bind(name, 2, "old", "new", "count"), budget);
            case "indent" -> indent(value, arguments.bind(name, 0, "width", "first", "blank"), budget);
            case "e", "escape" -> escape(Repr.text(value, budget), budget);
            default -> throw new AssertionError(name);
        };
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
        return out.value();
    }

    /// Escapes the five special characters of HTML.
    private static Object escape(Object value, Budget budget) {
        String text = value.toString();
        budget.work(text.length());
        TextBuilder out = new TextBuilder(budget);
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            String entity = switch (text.charAt(i)) {
                case '&' -> "&amp;";
                case '<' -> "&lt;";
                case '>' -> "&gt;";
                case '"' -> "&#34;";
                case '\'' -> "&#39;";
                default -> "";
            };
            if (!entity.isEmpty()) {
                out.append(value, start, i).inPlace(value, i, i + 1, entity);
                start = i + 1;
            }
        }
        return out.append(value, start, text.length()).value();
    }
}
