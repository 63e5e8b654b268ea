package glia.jinja.value;

import java.util.Arrays;

/// A string with trusted spans: characters that the template's author wrote, or that the caller marked as trusted. Text
/// of a conversation is a plain `String`, which is untrusted.
///
/// Every operation on strings keeps for each character whether it is trusted. An operation that cannot do so returns a
/// plain `String`, so nothing becomes trusted by accident. Otherwise the value behaves as a plain string.
public final class TrustedText {
    private static final int[] NONE = {};
    /// This object and an array of one span.
    private static final int WRAPPER_BYTES = 64;

    private final String text;
    /// Starts and ends of the trusted spans, in UTF-16 units: ascending, none empty, no two touching.
    private final int[] spans;

    TrustedText(String text, int[] spans) {
        this.text = text;
        this.spans = spans;
    }

    /// A text that is trusted as a whole.
    public static TrustedText of(String text) {
        return new TrustedText(text, text.isEmpty() ? NONE : new int[] {0, text.length()});
    }

    /// The trusted spans of a string value: start, end, start, end, …
    static int[] spans(Object text) {
        return text instanceof TrustedText trusted ? trusted.spans : NONE;
    }

    /// Whether all characters from `start` to `end` (exclusive, in UTF-16 units) are trusted.
    public boolean isTrusted(int start, int end) {
        return isTrusted(spans, start, end);
    }

    /// The next place of a part that is trusted as a whole; -1 if there is none.
    public int indexOfTrusted(String part, int from) {
        int at = text.indexOf(part, from);
        while (at >= 0 && !isTrusted(at, at + part.length())) {
            at = text.indexOf(part, at + 1);
        }
        return at;
    }

    /// How often a part that is trusted as a whole is there, each after the end of the one before.
    public int countTrusted(String part) {
        int count = 0;
        for (int at = indexOfTrusted(part, 0); at >= 0; at = indexOfTrusted(part, at + part.length())) {
            count++;
        }
        return count;
    }

    private static boolean isTrusted(int[] spans, int start, int end) {
        int at = firstAt(spans, start);
        return start == end || at < spans.length && spans[at] <= start && spans[at + 1] >= end;
    }

    /// The index in `spans` of the first span that ends after a position.
    static int firstAt(int[] spans, int position) {
        int at = Arrays.binarySearch(spans, position);
        // The start of a span belongs to it, the end does not.
        int place = at >= 0 ? at + at % 2 : -at - 1;
        return place - place % 2;
    }

    /// Whether all of a string value is trusted; an empty one is if it was made as a trusted one.
    static boolean isWhole(Object text) {
        return text instanceof TrustedText trusted && trusted.isTrusted(0, trusted.text.length());
    }

    /// The part of a string value from `start` to `end`, in UTF-16 units.
    static Object cut(Object text, int start, int end, Budget budget) {
        String plain = text.toString();
        if (start == 0 && end == plain.length()) {
            return text;
        }
        int[] spans = spans(text);
        int at = spans.length == 0 ? 0 : firstAt(spans, start);
        if (at >= spans.length || spans[at] >= end) {
            return budget.made(plain.substring(start, end));
        }
        if (spans[at] <= start && spans[at + 1] >= end) {
            budget.bytes(WRAPPER_BYTES);
            return of(budget.made(plain.substring(start, end)));
        }
        return new TextBuilder(budget).append(text, start, end).value();
    }

    /// The concatenation of two string values.
    static Object joined(Object a, Object b, Budget budget) {
        String start = a.toString();
        budget.text(start.length() + (long) b.toString().length());
        String text = start.concat(b.toString());
        int[] first = spans(a);
        int[] second = spans(b);
        if (first.length + second.length == 0) {
            return text;
        }
        budget.scan(first.length + (long) second.length);
        budget.bytes(WRAPPER_BYTES + 4L * first.length + 4L * second.length);
        // Spans that touch become one.
        boolean meet = first.length > 0 && second.length > 0 && first[first.length - 1] == start.length()
                && second[0] == 0;
        int kept = first.length - (meet ? 1 : 0);
        int from = meet ? 1 : 0;
        int[] all = Arrays.copyOf(first, kept + second.length - from);
        for (int i = from; i < second.length; i++) {
            all[kept + i - from] = second[i] + start.length();
        }
        return new TrustedText(text, all);
    }

    /// A string value after a change of its characters, such as to upper case. Trust is kept place by place; where the
    /// length changed, only if the whole was trusted. The caller has charged for the characters.
    public static Object changed(Object text, String changed) {
        int[] spans = spans(text);
        if (spans.length == 0) {
            return changed;
        }
        return isWhole(text) ? of(changed)
                : text.toString().length() == changed.length() ? new TrustedText(changed, spans) : changed;
    }

    @Override
    public String toString() {
        return text;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TrustedText that && text.equals(that.text) && Arrays.equals(spans, that.spans);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }
}
