package glia.jinja.value;

import java.util.Arrays;

/// Concatenates strings and keeps which of their characters are trusted, see [TrustedText].
public final class TextBuilder {
    /// A character in a growing buffer and in the final string.
    private static final int BYTES_PER_CHARACTER = 8;
    private static final int BYTES_PER_SPAN = 40;
    /// The time for a span, in characters.
    private static final int CHARACTERS_PER_SPAN = 8;
    private static final int BYTES_PER_BUILDER = 160;
    /// Up to this length a loop over the characters is faster than a copy through a substring.
    private static final int SHORT = 12;

    private final StringBuilder text = new StringBuilder();
    /// The budget that is charged; null for no limit.
    private final Budget budget;
    private int[] spans = {};
    private int numSpans;

    /// An empty text without a limit.
    public TextBuilder() {
        this(null);
    }

    /// An empty text whose characters are charged to a budget.
    public TextBuilder(Budget budget) {
        this.budget = budget;
        if (budget != null) {
            budget.bytes(BYTES_PER_BUILDER);
        }
    }

    private void charge(long characters) {
        if (budget != null) {
            budget.scan(characters);
            budget.bytes(characters * BYTES_PER_CHARACTER);
        }
    }

    /// Appends untrusted characters.
    public TextBuilder append(String untrusted) {
        charge(untrusted.length());
        text.append(untrusted);
        return this;
    }

    /// Appends an untrusted character.
    public TextBuilder append(char untrusted) {
        charge(1);
        text.append(untrusted);
        return this;
    }

    /// Appends a string value with its trust.
    public TextBuilder append(Object value) {
        if (value instanceof String untrusted) {
            return append(untrusted);
        }
        String plain = value.toString();
        charge(plain.length());
        int[] added = TrustedText.spans(value);
        for (int i = 0; i < added.length; i += 2) {
            trust(text.length() + added[i], text.length() + added[i + 1]);
        }
        text.append(plain);
        return this;
    }

    /// Appends the part of a string value from `start` to `end`, in UTF-16 units, with its trust.
    public TextBuilder append(Object value, int start, int end) {
        charge(end - (long) start);
        int[] added = TrustedText.spans(value);
        int first = added.length == 0 ? 0 : TrustedText.firstAt(added, start);
        for (int i = first; i < added.length && added[i] < end; i += 2) {
            int from = Math.max(start, added[i]);
            trust(text.length() + from - start, text.length() + Math.min(end, added[i + 1]) - start);
        }
        String plain = value.toString();
        if (end - start <= SHORT) {
            for (int i = start; i < end; i++) {
                text.append(plain.charAt(i));
            }
        } else {
            // StringBuilder copies a range character by character, and whole strings at once.
            text.append(plain.substring(start, end));
        }
        return this;
    }

    /// Appends characters that the template's author wrote, or that can hold no text, such as numbers.
    public TextBuilder trusted(String written) {
        if (!written.isEmpty()) {
            charge(written.length());
            trust(text.length(), text.length() + written.length());
            text.append(written);
        }
        return this;
    }

    /// Appends characters that replace the part of a string value from `start` to `end`: trusted if all of it is.
    public TextBuilder inPlace(Object value, int start, int end, String written) {
        boolean trusted = value instanceof TrustedText text && text.isTrusted(start, end);
        return trusted ? trusted(written) : append(written);
    }

    private void trust(int start, int end) {
        if (numSpans > 0 && spans[numSpans - 1] == start) {
            spans[numSpans - 1] = end;
            return;
        }
        if (budget != null) {
            budget.scan(CHARACTERS_PER_SPAN);
            budget.bytes(BYTES_PER_SPAN);
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
