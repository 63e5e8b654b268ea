package glia.jinja.value;

import java.util.Iterator;

/// The methods of strings, as Python has them; positions count code points.
final class TextMethods {
    private TextMethods() {
    }

    static boolean exists(String name) {
        return switch (name) {
            case "upper", "lower", "title", "capitalize", "swapcase", "casefold", "strip", "lstrip", "rstrip",
                    "split", "rsplit", "splitlines", "partition", "rpartition", "startswith", "endswith", "find",
                    "rfind", "index", "rindex", "count", "replace", "join", "center", "ljust", "rjust", "zfill",
                    "expandtabs", "removeprefix", "removesuffix", "format", "format_map" -> true;
            default -> TextTests.exists(name);
        };
    }

    static Object call(Object text, String name, Arguments arguments, Budget budget) {
        return switch (name) {
            case "startswith", "endswith" -> affix(text.toString(), name, arguments.positional(name, 1, 3));
            case "format" -> BraceFormat.format(text, arguments, budget);
            case "format_map" -> BraceFormat.formatMap(text, arguments.positional(name, 1, 1).get(0, null), budget);
            case "join" -> join(text, arguments.positional(name, 1, 1).get(0, null), budget);
            default -> {
                budget.scan(text.toString().length());
                yield scan(text, name, arguments, budget);
            }
        };
    }

    private static Object scan(Object text, String name, Arguments arguments, Budget budget) {
        return switch (name) {
            case "strip" -> strip(text, arguments.positional(name, 0, 1), true, true, budget);
            case "lstrip" -> strip(text, arguments.positional(name, 0, 1), true, false, budget);
            case "rstrip" -> strip(text, arguments.positional(name, 0, 1), false, true, budget);
            case "split" -> TextSplit.split(text, arguments.bind(name, 0, "sep", "maxsplit"), budget);
            case "rsplit" -> TextSplit.splitRight(text, arguments.bind(name, 0, "sep", "maxsplit"), budget);
            case "splitlines" -> {
                ListValue lines = Text.lines(text, arguments.bind(name, 0, "keepends").isTrue(0, false));
                budget.items(lines.size());
                yield lines;
            }
            case "partition" -> TextSplit.partition(text, arguments.positional(name, 1, 1).text(0, null));
            case "rpartition" -> TextSplit.partitionRight(text, arguments.positional(name, 1, 1).text(0, null));
            case "find", "rfind", "index", "rindex" -> find(text.toString(), name, arguments.positional(name, 1, 3));
            case "count" -> count(text.toString(), arguments.positional(name, 1, 3));
            case "replace" -> replace(text, arguments.bind(name, 2, "old", "new", "count"), budget);
            case "center", "ljust", "rjust" -> pad(text, name, arguments.positional(name, 1, 2), budget);
            case "zfill" -> fillZeros(text, arguments.positional(name, 1, 1).integer(0, 0), budget);
            case "expandtabs" -> expandTabs(text, arguments.bind(name, 0, "tabsize").integer(0, 8), budget);
            case "removeprefix", "removesuffix" -> remove(text, name, arguments.positional(name, 1, 1).text(0, null));
            default -> {
                arguments.positional(name, 0, 0);
                yield TextTests.exists(name) ? (Object) TextTests.test(text.toString(), name)
                        : budget.made(TrustedText.changed(text, recase(text.toString(), name)));
            }
        };
    }

    private static String recase(String text, String name) {
        return switch (name) {
            case "upper" -> Text.upper(text);
            case "lower" -> Text.lower(text);
            case "title" -> Text.title(text);
            case "capitalize" -> Text.capitalize(text);
            case "casefold" -> Text.lower(text).replace("ß", "ss");
            case "swapcase" -> {
                StringBuilder out = new StringBuilder(text.length());
                text.codePoints().forEach(c -> out.append(Character.isUpperCase(c)
                        ? Text.lower(Character.toString(c)) : Text.upper(Character.toString(c))));
                yield out.toString();
            }
            default -> throw new AssertionError(name);
        };
    }

    private static Object strip(Object text, Arguments.Bound arguments, boolean left, boolean right, Budget budget) {
        return budget.made(Text.strip(text, arguments.textOrNone(0), left, right));
    }

    /// Joins the elements of an iterable, which must be strings.
    static Object join(Object separator, Object items, Budget budget) {
        Iterator<Object> iterator = Iteration.of(items, budget);
        TextBuilder out = new TextBuilder();
        for (int i = 0; iterator.hasNext(); i++) {
            Object item = iterator.next();
            if (Types.kind(item) != Types.Kind.TEXT) {
                throw new JinjaError("sequence item " + i + ": expected str instance, " + Types.name(item) + " found");
            }
            budget.text(item.toString().length() + (long) separator.toString().length());
            out.append(i == 0 ? "" : separator).append(item);
        }
        return out.value();
    }

    private static Object replace(Object text, Arguments.Bound arguments, Budget budget) {
        return TextSearch.replace(text, arguments.text(0, null), arguments.trusted(1), arguments.integer(2, -1),
                budget);
    }

    private static Object remove(Object value, String name, String affix) {
        String text = value.toString();
        if (name.equals("removeprefix")) {
            return text.startsWith(affix) ? TrustedText.cut(value, affix.length(), text.length()) : value;
        }
        return text.endsWith(affix) ? TrustedText.cut(value, 0, text.length() - affix.length()) : value;
    }

    /// The part of a text that optional bounds, in code points, leave; `start` is −1 where they cross.
    private record Window(String text, int start) {
        static Window of(String text, Arguments.Bound arguments) {
            if (arguments.integerOrNone(1, 0) == 0 && arguments.integerOrNone(2, Long.MAX_VALUE) == Long.MAX_VALUE) {
                return new Window(text, 0);
            }
            int length = Text.length(text);
            long start = arguments.integerOrNone(1, 0);
            int from = ListMethods.position(start, length);
            int to = ListMethods.position(arguments.integerOrNone(2, Long.MAX_VALUE), length);
            return from > to || start > length ? new Window("", -1)
                    : new Window(Text.pick(text, from, 1, to - from).toString(), from);
        }
    }

    private static boolean affix(String text, String name, Arguments.Bound arguments) {
        Window window = Window.of(text, arguments);
        Object affix = arguments.get(0, null);
        if (!(affix instanceof TupleValue tuple)) {
            return affix(window, name, arguments.text(0, null));
        }
        for (int i = 0; i < tuple.size(); i++) {
            if (Types.kind(tuple.get(i)) != Types.Kind.TEXT) {
                throw new JinjaError("tuple for " + name + " must only contain str, not "
                        + Types.name(tuple.get(i)));
            }
            if (affix(window, name, tuple.get(i).toString())) {
                return true;
            }
        }
        return false;
    }

    private static boolean affix(Window window, String name, String affix) {
        return window.start() >= 0 && (name.equals("startswith") ? window.text().startsWith(affix)
                : window.text().endsWith(affix));
    }

    private static Object find(String text, String name, Arguments.Bound arguments) {
        Window window = Window.of(text, arguments);
        String needle = arguments.text(0, null);
        int at = -1;
        if (window.start() >= 0) {
            at = name.startsWith("r") ? TextSearch.findLast(window.text(), needle, window.text().length())
                    : TextSearch.find(window.text(), needle, 0);
        }
        if (at < 0) {
            if (name.endsWith("index")) {
                throw new JinjaError("substring not found");
            }
            return -1L;
        }
        return (long) window.start() + window.text().codePointCount(0, at);
    }

    private static Object count(String text, Arguments.Bound arguments) {
        Window window = Window.of(text, arguments);
        return window.start() < 0 ? 0L : (long) TextSearch.count(window.text(), arguments.text(0, null));
    }

    /// Fills up to a width with a character: `center`, `ljust`, `rjust`.
    static Object pad(Object text, String name, Arguments.Bound arguments, Budget budget) {
        long width = arguments.integer(0, 0);
        if (Text.length(arguments.text(1, " ")) != 1) {
            throw new JinjaError("The fill character must be exactly one character long");
        }
        Object fill = arguments.has(1) ? arguments.trusted(1) : " ";
        long missing = Math.max(0, width - Text.length(text.toString()));
        // Python puts the odd one on the left where the width is odd.
        long left = switch (name) {
            case "ljust" -> 0;
            case "rjust" -> missing;
            default -> missing / 2 + (missing & width & 1);
        };
        return new TextBuilder().append(Operators.repeat(fill, left, budget)).append(text)
                .append(Operators.repeat(fill, missing - left, budget)).value();
    }

    private static Object fillZeros(Object value, long width, Budget budget) {
        String text = value.toString();
        String zeros = Operators.repeat("0", Math.max(0, width - Text.length(text)), budget);
        int sign = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
        return new TextBuilder().append(value, 0, sign).trusted(zeros).append(value, sign, text.length()).value();
    }

    private static Object expandTabs(Object value, long size, Budget budget) {
        String text = value.toString();
        TextBuilder out = new TextBuilder();
        long column = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\t') {
                long spaces = size <= 0 ? 0 : size - column % size;
                out.inPlace(value, i, i + 1, Operators.repeat(" ", spaces, budget));
                column += spaces;
            } else {
                budget.text(1);
                out.append(value, i, i + 1);
                column = c == '\n' || c == '\r' ? 0 : Character.isLowSurrogate(c) ? column : column + 1;
            }
        }
        return out.value();
    }
}
