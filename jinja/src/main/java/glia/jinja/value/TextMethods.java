package glia.jinja.value;

import java.util.Iterator;
import java.util.Set;

/// The methods of strings, as Python has them; positions count code points.
final class TextMethods {
    static final Set<String> NAMES = Set.of("upper", "lower", "title", "capitalize", "strip",
            "lstrip", "rstrip", "split", "rsplit", "splitlines", "partition", "rpartition", "startswith", "endswith",
            "find", "rfind", "index", "rindex", "count", "replace", "join", "removeprefix", "removesuffix", "isalpha",
            "isdigit", "isalnum", "isspace", "isupper", "islower");

    private TextMethods() {
    }

    static boolean exists(String name) {
        return NAMES.contains(name);
    }

    static Object call(Object text, String name, Arguments arguments, Budget budget) {
        return switch (name) {
            case "startswith", "endswith" -> affix(text.toString(), name, arguments.positional(name, 1, 3), budget);
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
            case "removeprefix", "removesuffix" ->
                remove(text, name, arguments.positional(name, 1, 1).text(0, null), budget);
            default -> {
                arguments.positional(name, 0, 0);
                yield name.startsWith("is") ? (Object) test(text.toString(), name, budget)
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
            default -> throw new AssertionError(name);
        });
    }

    private static boolean test(String text, String name, Budget budget) {
        budget.work(text.length());
        budget.bytes(512);
        return !text.isEmpty() && switch (name) {
            case "isalpha" -> text.codePoints().allMatch(Character::isLetter);
            case "isdigit" -> text.codePoints().allMatch(TextMethods::isDigit);
            case "isalnum" -> text.codePoints().allMatch(c -> Character.isLetter(c) || isNumeric(c));
            case "isspace" -> text.codePoints().allMatch(Text::isSpace);
            case "isupper" -> LetterCase.isUpper(text);
            case "islower" -> LetterCase.isLower(text);
            default -> throw new AssertionError(name);
        };
    }

    /// Decimal digits, and the raised, lowered and circled ones.
    private static boolean isDigit(int c) {
        if (Character.isDigit(c)) {
            return true;
        }
        int value = Character.getNumericValue(c);
        boolean fraction = c >= 0xbc && c <= 0xbe || c >= 0x2150 && c <= 0x215f;
        return Character.getType(c) == Character.OTHER_NUMBER && value >= 0 && value <= 9 && !fraction
                && !(c >= 0x3192 && c <= 0x3195) && !(c >= 0x3220 && c <= 0x3229) && !(c >= 0x3280 && c <= 0x3289);
    }

    private static boolean isNumeric(int c) {
        return switch (Character.getType(c)) {
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
            default -> false;
        };
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
        if (!(affix instanceof Sequence.TupleValue tuple)) {
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
}
