package glia.jinja.value;

import java.util.Collections;

/// Splits strings.
final class TextSplit {
    private TextSplit() {
    }

    /// `split(sep, maxsplit)`: at white space, none of it left, where `sep` is none.
    static ListValue split(String text, Arguments.Bound arguments, Budget budget) {
        long most = limit(arguments);
        String separator = arguments.textOrNone(0);
        if (separator == null) {
            return words(text, most, budget);
        }
        requireSeparator(separator);
        ListValue parts = new ListValue();
        int start = 0;
        int at = TextSearch.find(text, separator, 0);
        while (at >= 0 && parts.size() < most) {
            budget.items(1);
            parts.add(text.substring(start, at));
            start = at + separator.length();
            at = TextSearch.find(text, separator, start);
        }
        parts.add(budget.made(text.substring(start)));
        return parts;
    }

    /// `rsplit(sep, maxsplit)`: as `split`, from the right.
    static ListValue splitRight(String text, Arguments.Bound arguments, Budget budget) {
        long most = limit(arguments);
        String separator = arguments.textOrNone(0);
        if (most == Long.MAX_VALUE) {
            return separator == null ? words(text, most, budget) : split(text, arguments, budget);
        }
        ListValue parts = separator == null ? wordsRight(text, most, budget) : new ListValue();
        if (separator != null) {
            requireSeparator(separator);
            int end = text.length();
            int at = TextSearch.findLast(text, separator, end);
            while (at >= 0 && parts.size() < most) {
                // Each search may look through what is left.
                budget.scan(end);
                parts.add(text.substring(at + separator.length(), end));
                end = at;
                at = TextSearch.findLast(text, separator, end);
            }
            parts.add(budget.made(text.substring(0, end)));
        }
        Collections.reverse(parts.items());
        return parts;
    }

    private static long limit(Arguments.Bound arguments) {
        long most = arguments.integer(1, -1);
        return most < 0 ? Long.MAX_VALUE : most;
    }

    private static void requireSeparator(String separator) {
        if (separator.isEmpty()) {
            throw new JinjaError("empty separator");
        }
    }

    private static ListValue words(String text, long most, Budget budget) {
        ListValue words = new ListValue();
        int at = skip(text, 0, true);
        while (at < text.length()) {
            budget.items(1);
            if (words.size() == most) {
                words.add(text.substring(at));
                break;
            }
            int end = skip(text, at, false);
            words.add(text.substring(at, end));
            at = skip(text, end, true);
        }
        return words;
    }

    /// Where the run of white space (or of other characters) that starts at `from` ends.
    private static int skip(String text, int from, boolean space) {
        int at = from;
        while (at < text.length() && Text.isSpace(text.charAt(at)) == space) {
            at++;
        }
        return at;
    }

    /// The last `most` words, and what is left of them, last first.
    private static ListValue wordsRight(String text, long most, Budget budget) {
        ListValue words = new ListValue();
        String left = Text.strip(text, null, false, true);
        while (!left.isEmpty() && words.size() < most) {
            budget.scan(left.length());
            int start = left.length();
            while (start > 0 && !Text.isSpace(left.charAt(start - 1))) {
                start--;
            }
            words.add(left.substring(start));
            left = Text.strip(left.substring(0, start), null, false, true);
        }
        if (!left.isEmpty()) {
            words.add(left);
        }
        return words;
    }

    static TupleValue partition(String text, String separator) {
        requireSeparator(separator);
        int at = TextSearch.find(text, separator, 0);
        return at < 0 ? TupleValue.of(text, "", "")
                : TupleValue.of(text.substring(0, at), separator, text.substring(at + separator.length()));
    }

    static TupleValue partitionRight(String text, String separator) {
        requireSeparator(separator);
        int at = TextSearch.findLast(text, separator, text.length());
        return at < 0 ? TupleValue.of("", "", text)
                : TupleValue.of(text.substring(0, at), separator, text.substring(at + separator.length()));
    }
}
