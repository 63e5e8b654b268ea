package glia.jinja.value;

import java.util.Arrays;

/// Puts strings together and keeps which of their characters are trusted, see [TrustedText].
public final class TextBuilder {
    private final StringBuilder text = new StringBuilder();
    private int[] spans = {};
    private int numSpans;

    /// An empty text.
    public TextBuilder() {
    }

    /// Appends untrusted characters.
    public TextBuilder append(String untrusted) {
        text.append(untrusted);
        return this;
    }

    /// Appends an untrusted character.
    public TextBuilder append(char untrusted) {
        text.append(untrusted);
        return this;
    }

    /// Appends a string value with its trust.
    public TextBuilder append(Object value) {
        if (value instanceof String untrusted) {
            return append(untrusted);
        }
        return append(value, 0, value.toString().length());
    }

    /// Appends the part of a string value from `start` to `end`, in UTF-16 units, with its trust.
    public TextBuilder append(Object value, int start, int end) {
        int[] added = TrustedText.spans(value);
        int first = added.length == 0 ? 0 : TrustedText.firstAt(added, start);
        for (int i = first; i < added.length && added[i] < end; i += 2) {
            int from = Math.max(start, added[i]);
            trust(text.length() + from - start, text.length() + Math.min(end, added[i + 1]) - start);
        }
        // The platform copies a range character by character, and whole strings at once.
        text.append(value.toString().substring(start, end));
        return this;
    }

    /// Appends characters that the template's author wrote, or that no text was made into, such as numbers.
    public TextBuilder trusted(String written) {
        if (!written.isEmpty()) {
            trust(text.length(), text.length() + written.length());
            text.append(written);
        }
        return this;
    }

    /// Appends characters that stand for the part of a string value from `start` to `end`: trusted if all of it is.
    TextBuilder inPlace(Object value, int start, int end, String written) {
        boolean trusted = value instanceof TrustedText text && text.isTrusted(start, end);
        return trusted ? trusted(written) : append(written);
    }

    private void trust(int start, int end) {
        if (numSpans > 0 && spans[numSpans - 1] == start) {
            spans[numSpans - 1] = end;
            return;
        }
        if (numSpans == spans.length) {
            spans = Arrays.copyOf(spans, Math.max(8, 2 * numSpans));
        }
        spans[numSpans++] = start;
        spans[numSpans++] = end;
    }

    /// The number of characters, in UTF-16 units.
    public int length() {
        return text.length();
    }

    /// The text as a string value: a plain `String` where nothing of it is trusted.
    public Object value() {
        return numSpans == 0 ? text.toString() : whole();
    }

    /// The text and its trust.
    public TrustedText whole() {
        return new TrustedText(text.toString(), Arrays.copyOf(spans, numSpans));
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
