package glia.engine.grammar.regex;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;

/// Reads the characters of a regular expression and names places in it.
class PatternScanner {
    private static final int MAX_COUNT = 100_000;

    private final int[] text;
    private final String source;
    private final String place;
    private int at;

    /// @param place where the pattern is, for errors
    PatternScanner(String source, String place) {
        this.source = source;
        this.text = source.codePoints().toArray();
        this.place = place;
        if (text.length > GrammarLimits.TEXT) {
            throw GrammarException.limit("characters in a pattern", GrammarLimits.TEXT);
        }
    }

    String source() {
        return source;
    }

    int position() {
        return at;
    }

    void back(int position) {
        at = position;
    }

    /// The current character, which is passed; -1 at the end.
    int next() {
        int c = peek();
        at++;
        return c;
    }

    /// Whether the character after the current one is there, and another than one.
    boolean isFollowed(int other) {
        return at + 1 < text.length && text[at + 1] != other;
    }

    boolean sees(String expected) {
        boolean found = take(expected);
        at -= found ? expected.length() : 0;
        return found;
    }

    GrammarException invalid(String problem) {
        return GrammarException.invalid(place, "the regular expression " + quoted() + ", character " + (at + 1) + ": "
                + problem);
    }

    GrammarException unsupported(String feature) {
        return GrammarException.unsupported(place, feature + " in the regular expression " + quoted());
    }

    String quoted() {
        return "'" + (source.length() > 80 ? source.substring(0, 80) + "…" : source) + "'";
    }

    int peek() {
        return at < text.length ? text[at] : -1;
    }

    boolean take(String expected) {
        if (at + expected.length() > text.length) {
            return false;
        }
        for (int i = 0; i < expected.length(); i++) {
            if (text[at + i] != expected.charAt(i)) {
                return false;
            }
        }
        at += expected.length();
        return true;
    }

    /// @return -1 if there is none
    int number() {
        int start = at;
        int value = 0;
        while (peek() >= '0' && peek() <= '9') {
            value = value * 10 + text[at++] - '0';
            if (value > MAX_COUNT) {
                throw GrammarException.limit("repetitions in a pattern", MAX_COUNT);
            }
        }
        return at == start ? -1 : value;
    }

    int control() {
        int letter = peek();
        if (letter < 'A' || letter > 'z' || letter > 'Z' && letter < 'a') {
            throw invalid("expected a letter after \\c");
        }
        at++;
        return letter & 0x1F;
    }

    int unicode() {
        if (take("{")) {
            int value = 0;
            while (Character.digit(peek(), 16) >= 0 && value <= CodePoints.LAST) {
                value = value * 16 + Character.digit(text[at++], 16);
            }
            if (!take("}") || value > CodePoints.LAST) {
                throw invalid("expected \\u{…} with a hexadecimal number of at most 10FFFF");
            }
            return value;
        }
        int high = hex(4);
        int after = at;
        if (Character.isHighSurrogate((char) high) && take("\\u")) {
            int low = hex(4);
            if (Character.isLowSurrogate((char) low)) {
                return Character.toCodePoint((char) high, (char) low);
            }
            at = after;
        }
        return high;
    }

    int hex(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(peek(), 16);
            if (digit < 0) {
                throw invalid("expected " + digits + " hexadecimal digits");
            }
            value = value * 16 + digit;
            at++;
        }
        return value;
    }
}
