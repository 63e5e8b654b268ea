package glia.jinja.value;

import java.util.Collections;

/// Splits strings.
final class TextSplit {
    private TextSplit() {
    }

    /// `split(sep, maxsplit)`: at white space, none of it left, where `sep` is none.
    static ListValue split(Object value, Arguments.Bound arguments, Budget budget) {
        long most = limit(arguments);
        String separator = arguments.textOrNone(0);
        if (separator == null) {
            return words(value, most, budget);
        }
        requireSeparator(separator);
        String text = value.toString();
        ListValue parts = new ListValue();
        int start = 0;
        int at = TextSearch.find(text, separator, 0);
        while (at >= 0 && parts.size() < most) {
            budget.items(1);
            parts.add(TrustedText.cut(value, start, at));
            start = at + separator.length();
            at = TextSearch.find(text, separator, start);
        }
        parts.add(budget.made(TrustedText.cut(value, start, text.length())));
        return parts;
    }

    /// `rsplit(sep, maxsplit)`: as `split`, from the right.
    static ListValue splitRight(Object value, Arguments.Bound arguments, Budget budget) {
        long most = limit(arguments);
        String separator = arguments.textOrNone(0);
        if (most == Long.MAX_VALUE) {
            return separator == null ? words(value, most, budget) : split(value, arguments, budget);
        }
        String text = value.toString();
        ListValue parts = separator == null ? wordsRight(value, most, budget) : new ListValue();
        if (separator != null) {
            requireSeparator(separator);
            int end = text.length();
            int at = TextSearch.findLast(text, separator, end);
            while (at >= 0 && parts.size() < most) {
                // Each search may look through what is left.
                budget.scan(end);
                parts.add(TrustedText.cut(value, at + separator.length(), end));
                end = at;
                at = TextSearch.findLast(text, separator, end);
            }
            parts.add(budget.made(TrustedText.cut(value, 0, end)));
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

    private static ListValue words(Object value, long most, Budget budget) {
        String text = value.toString();
        ListValue words = new ListValue();
        int at = skip(text, 0, true);
        while (at < text.length()) {
            budget.items(1);
            if (words.size() == most) {
                words.add(TrustedText.cut(value, at, text.length()));
                break;
            }
            int end = skip(text, at, false);
            words.add(TrustedText.cut(value, at, end));
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
    private static ListValue wordsRight(Object value, long most, Budget budget) {
        String text = value.toString();
        ListValue words = new ListValue();
        int end = skipBack(text, text.length(), true);
        while (end > 0 && words.size() < most) {
            budget.scan(end);
            int start = skipBack(text, end, false);
            words.add(TrustedText.cut(value, start, end));
            end = skipBack(text, start, true);
        }
        if (end > 0) {
            words.add(TrustedText.cut(value, 0, end));
        }
        return words;
    }

    /// Where the run of white space (or of other characters) that ends at `end` starts.
    private static int skipBack(String text, int end, boolean space) {
        int at = end;
        while (at > 0 && Text.isSpace(text.charAt(at - 1)) == space) {
            at--;
        }
        return at;
    }

    static TupleValue partition(Object text, String separator) {
        requireSeparator(separator);
        int at = TextSearch.find(text.toString(), separator, 0);
        return at < 0 ? TupleValue.of(text, "", "") : parted(text, at, separator.length());
    }

    static TupleValue partitionRight(Object text, String separator) {
        requireSeparator(separator);
        int at = TextSearch.findLast(text.toString(), separator, text.toString().length());
        return at < 0 ? TupleValue.of("", "", text) : parted(text, at, separator.length());
    }

    /// The separator is the one of the text, which may be less trusted than the one that was looked for.
    private static TupleValue parted(Object text, int at, int length) {
        return TupleValue.of(TrustedText.cut(text, 0, at), TrustedText.cut(text, at, at + length),
                TrustedText.cut(text, at + length, text.toString().length()));
    }
}
