package glia.jinja.value;

import glia.jinja.value.Sequence.ListValue;
import glia.jinja.value.Sequence.TupleValue;
import java.util.Collections;

/// Splits strings.
final class TextSplit {
    private TextSplit() {
    }

    /// `split(sep, maxsplit)`: at runs of white space where `sep` is none.
    static ListValue split(Object value, Arguments.Bound arguments, Budget budget) {
        long most = limit(arguments);
        String separator = arguments.textOrNone(0);
        if (separator == null) {
            return words(value, most, budget);
        }
        requireSeparator(separator);
        String text = value.toString();
        TextSearch search = TextSearch.of(text, separator, budget);
        ListValue parts = new ListValue(budget);
        int start = 0;
        int at = search.next(0);
        while (at >= 0 && parts.size() < most) {
            parts.add(TrustedText.cut(value, start, at, budget), budget);
            start = at + separator.length();
            at = search.next(start);
        }
        parts.add(TrustedText.cut(value, start, text.length(), budget), budget);
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
        ListValue parts = separator == null ? wordsRight(value, most, budget) : new ListValue(budget);
        if (separator != null) {
            requireSeparator(separator);
            TextSearch search = TextSearch.of(text, separator, budget);
            int end = text.length();
            int at = search.last(end);
            while (at >= 0 && parts.size() < most) {
                parts.add(TrustedText.cut(value, at + separator.length(), end, budget), budget);
                end = at;
                at = search.last(end);
            }
            parts.add(TrustedText.cut(value, 0, end, budget), budget);
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
        budget.scan(4L * text.length());
        ListValue words = new ListValue(budget);
        int at = skip(text, 0, true);
        while (at < text.length()) {
            if (words.size() == most) {
                words.add(TrustedText.cut(value, at, text.length(), budget), budget);
                break;
            }
            int end = skip(text, at, false);
            words.add(TrustedText.cut(value, at, end, budget), budget);
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

    /// The last `most` words, last first, and the text before them.
    private static ListValue wordsRight(Object value, long most, Budget budget) {
        String text = value.toString();
        budget.scan(4L * text.length());
        ListValue words = new ListValue(budget);
        int end = skipBack(text, text.length(), true);
        while (end > 0 && words.size() < most) {
            int start = skipBack(text, end, false);
            words.add(TrustedText.cut(value, start, end, budget), budget);
            end = skipBack(text, start, true);
        }
        if (end > 0) {
            words.add(TrustedText.cut(value, 0, end, budget), budget);
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

    static TupleValue partition(Object text, String separator, Budget budget) {
        requireSeparator(separator);
        int at = TextSearch.of(text.toString(), separator, budget).next(0);
        return at < 0 ? TupleValue.of(budget, text, "", "") : parted(text, at, separator.length(), budget);
    }

    static TupleValue partitionRight(Object text, String separator, Budget budget) {
        requireSeparator(separator);
        int at = TextSearch.of(text.toString(), separator, budget).last(text.toString().length());
        return at < 0 ? TupleValue.of(budget, "", "", text) : parted(text, at, separator.length(), budget);
    }

    /// The middle part is cut from the text, since the argument may be more trusted.
    private static TupleValue parted(Object text, int at, int length, Budget budget) {
        return TupleValue.of(budget, TrustedText.cut(text, 0, at, budget),
                TrustedText.cut(text, at, at + length, budget),
                TrustedText.cut(text, at + length, text.toString().length(), budget));
    }
}
