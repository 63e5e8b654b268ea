package glia.jinja.value;

import java.util.Iterator;
import java.util.Set;

/// The methods of strings, as Python has them; positions count code points.
final class TextMethods {
    static final Set<String> NAMES = Set.of("upper", "lower", "title", "capitalize", "swapcase", "casefold", "strip",
            "lstrip", "rstrip", "split", "rsplit", "splitlines", "partition", "rpartition", "startswith", "endswith",
            "find", "rfind", "index", "rindex", "count", "replace", "join", "center", "ljust", "rjust", "zfill",
            "expandtabs", "removeprefix", "removesuffix", "format", "format_map");

    private TextMethods() {
    }

    static boolean exists(String name) {
        return NAMES.contains(name) || TextTests.NAMES.contains(name);
    }

    static Object call(Object text, String name, Arguments arguments, Budget budget) {
        return switch (name) {
            case "startswith", "endswith" -> affix(text.toString(), name, arguments.positional(name, 1, 3), budget);
            case "format" -> BraceFormat.format(text, arguments, budget);
            case "format_map" -> BraceFormat.formatMap(text, arguments.positional(name, 1, 1).get(0, null), budget);
            case "join" -> join(text, arguments.positional(name, 1, 1).get(0, null), budget);
            default -> other(text, name, arguments, budget);
        };
    }

    private static Object other(Object text, String name, Arguments arguments, Budget budget) {
        return switch (name) {
            case "strip" -> strip(text, arguments.positional(name, 0, 1), true, true, budget);
            case "lstrip" -> strip(text, arguments.positional(name, 0, 1), true, false, budget);
            case "rstrip" -> strip(text, arguments.positional(name, 0, 1), false, true, budget);
            case "split" -> TextSplit.split(text, arguments.bind(name, 0, "sep", "maxsplit"), budget);
            case "rsplit" -> TextSplit.splitRight(text, arguments.bind(name, 0, "sep", "maxsplit"), budget);
            case "splitlines" -> Text.lines(text, arguments.bind(name, 0, "keepends").isTrue(0, false), budget);
            case "partition" -> TextSplit.partition(text, arguments.positional(name, 1, 1).text(0, null), budget);
            case "rpartition" ->
                TextSplit.partitionRight(text, arguments.positional(name, 1, 1).text(0, null), budget);
            case "find", "rfind", "index", "rindex" ->
                find(text.toString(), name, arguments.positional(name, 1, 3), budget);
            case "count" -> count(text.toString(), arguments.positional(name, 1, 3), budget);
            case "replace" -> replace(text, arguments.bind(name, 2, "old", "new", "count"), budget);
            case "center", "ljust", "rjust" -> pad(text, name, arguments.positional(name, 1, 2), budget);
            case "zfill" -> fillZeros(text, arguments.positional(name, 1, 1).integer(0, 0), budget);
            case "expandtabs" -> expandTabs(text, arguments.bind(name, 0, "tabsize").integer(0, 8), budget);
            case "removeprefix", "removesuffix" ->
                remove(text, name, arguments.positional(name, 1, 1).text(0, null), budget);
            default -> {
                arguments.positional(name, 0, 0);
                yield TextTests.NAMES.contains(name) ? (Object) TextTests.test(text.toString(), name, budget)
                        : changed(text, name, budget);
            }
        };
    }

    private static Object changed(Object value, String name, Budget budget) {
        String text = value.toString();
        LetterCase.charge(text, budget);
        return TrustedText.changed(value, switch (name) {
            case "upper" -> LetterCase.upper(text);
            case "lower" -> LetterCase.lower(text);
            case "title" -> LetterCase.title(text);
            case "capitalize" -> LetterCase.capitalize(text);
            case "casefold" -> LetterCase.fold(text);
            case "swapcase" -> LetterCase.swap(text);
            default -> throw new AssertionError(name);
        });
    }

    private static Object strip(Object text, Arguments.Bound arguments, boolean left, boolean right, Budget budget) {
        return Text.strip(text, arguments.textOrNone(0), left, right, budget);
    }

    /// Joins the elements of an iterable, which must be strings.
    static Object join(Object separator, Object items, Budget budget) {
        Iterator<Object> iterator = Iteration.of(items, budget);
        TextBuilder out = new TextBuilder(budget);
        for (int i = 0; iterator.hasNext(); i++) {
            Object item = iterator.next();
            if (Types.kind(item) != Types.Kind.TEXT) {
                throw new JinjaError("sequence item " + i + ": expected str instance, " + Types.name(item) + " found");
            }
            out.append(i == 0 ? "" : separator).append(item);
        }
        return out.value();
    }

    private static Object replace(Object text, Arguments.Bound arguments, Budget budget) {
        return TextSearch.replace(text, arguments.text(0, null), arguments.trusted(1), arguments.integer(2, -1),
                budget);
    }

    private static Object remove(Object value, String name, String affix, Budget budget) {
        String text = value.toString();
        if (name.equals("removeprefix")) {
            return text.startsWith(affix) ? TrustedText.cut(value, affix.length(), text.length(), budget) : value;
        }
        return text.endsWith(affix) ? TrustedText.cut(value, 0, text.length() - affix.length(), budget) : value;
    }

    /// The part of a text between optional bounds, in code points; `start` is −1 where they cross.
    private record Window(String text, int start) {
        static Window of(String text, Arguments.Bound arguments, Budget budget) {
            budget.bytes(64);
            if (arguments.integerOrNone(1, 0) == 0 && arguments.integerOrNone(2, Long.MAX_VALUE) == Long.MAX_VALUE) {
                return new Window(text, 0);
            }
            int length = Text.length(text);
            long start = arguments.integerOrNone(1, 0);
            int from = ListMethods.position(start, length);
            int to = ListMethods.position(arguments.integerOrNone(2, Long.MAX_VALUE), length);
            return from > to || start > length ? new Window("", -1)
                    : new Window(Text.pick(text, from, 1, to - from, budget).toString(), from);
        }
    }

    private static boolean affix(String text, String name, Arguments.Bound arguments, Budget budget) {
        Window window = Window.of(text, arguments, budget);
        Object affix = arguments.get(0, null);
        if (!(affix instanceof TupleValue tuple)) {
            return affix(window, name, arguments.text(0, null));
        }
        for (int i = 0; i < tuple.size(); i++) {
            if (Types.kind(tuple.get(i)) != Types.Kind.TEXT) {
                throw new JinjaError("tuple for " + name + " must only contain str, not "
                        + Types.name(tuple.get(i)));
            }
            budget.step();
            budget.scan(tuple.get(i));
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

    private static Object find(String text, String name, Arguments.Bound arguments, Budget budget) {
        Window window = Window.of(text, arguments, budget);
        String needle = arguments.text(0, null);
        int at = -1;
        if (window.start() >= 0) {
            TextSearch search = TextSearch.of(window.text(), needle, budget);
            at = name.startsWith("r") ? search.last(window.text().length()) : search.next(0);
        }
        if (at < 0) {
            if (name.endsWith("index")) {
                throw new JinjaError("substring not found");
            }
            return -1L;
        }
        return (long) window.start() + window.text().codePointCount(0, at);
    }

    private static Object count(String text, Arguments.Bound arguments, Budget budget) {
        Window window = Window.of(text, arguments, budget);
        return window.start() < 0 ? 0L : TextSearch.count(window.text(), arguments.text(0, null), budget);
    }

    /// Fills up to a width with a character: `center`, `ljust`, `rjust`.
    static Object pad(Object text, String name, Arguments.Bound arguments, Budget budget) {
        long width = arguments.integer(0, 0);
        if (Text.length(arguments.text(1, " ")) != 1) {
            throw new JinjaError("The fill character must be exactly one character long");
        }
        Object fill = arguments.has(1) ? arguments.trusted(1) : " ";
        long missing = Math.max(0, width - Text.length(text.toString()));
        // Where the padding is odd, Python pads one more on the left if the width is odd.
        long left = switch (name) {
            case "ljust" -> 0;
            case "rjust" -> missing;
            default -> missing / 2 + (missing & width & 1);
        };
        return new TextBuilder(budget).append(Operators.repeat(fill, left, budget)).append(text)
                .append(Operators.repeat(fill, missing - left, budget)).value();
    }

    private static Object fillZeros(Object value, long width, Budget budget) {
        String text = value.toString();
        String zeros = Operators.repeat("0", Math.max(0, width - Text.length(text)), budget);
        int sign = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
        return new TextBuilder(budget).append(value, 0, sign).trusted(zeros).append(value, sign, text.length()).value();
    }

    private static Object expandTabs(Object value, long size, Budget budget) {
        String text = value.toString();
        budget.work(text.length());
        TextBuilder out = new TextBuilder(budget);
        long column = 0;
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\t') {
                long spaces = size <= 0 ? 0 : size - column % size;
                out.append(value, start, i);
                start = i + 1;
                out.inPlace(value, i, i + 1, Operators.repeat(" ", spaces, budget));
                column += spaces;
            } else {
                column = c == '\n' || c == '\r' ? 0 : Character.isLowSurrogate(c) ? column : column + 1;
            }
        }
        return out.append(value, start, text.length()).value();
    }
}
