package glia.engine.grammar.cfg;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import java.util.Arrays;
import java.util.stream.IntStream;

/// Reads the text of a grammar character by character and names places in it.
final class Scanner {
    private static final int MAX_COUNT = 10_000;

    private final String text;
    private final int[] newlines;
    private int at;
    private int depth;

    Scanner(String text) {
        if (text.length() > GrammarLimits.TEXT) {
            throw GrammarException.limit("characters", GrammarLimits.TEXT);
        }
        this.text = text;
        this.newlines = IntStream.range(0, text.length()).filter(i -> text.charAt(i) == '\n').toArray();
    }

    /// The current place as line and column.
    String place() {
        int found = Arrays.binarySearch(newlines, at);
        int before = found < 0 ? -found - 1 : found;
        int start = before == 0 ? 0 : newlines[before - 1] + 1;
        return before + 1 + ":" + (at - start + 1);
    }

    GrammarException expected(String what) {
        return GrammarException.invalid(place(), "found " + (isAtEnd() ? "the end" : "'"
                + text.substring(at, Math.min(text.length(), at + 12)).lines().findFirst().orElse("") + "'")
                + ", expected " + what);
    }

    boolean isAtEnd() {
        return at >= text.length();
    }

    /// The current character; 0 at the end.
    char peek() {
        return at < text.length() ? text.charAt(at) : 0;
    }

    boolean sees(String next) {
        return text.startsWith(next, at);
    }

    boolean take(String next) {
        if (!sees(next)) {
            return false;
        }
        at += next.length();
        return true;
    }

    void require(String next) {
        if (!take(next)) {
            throw expected("'" + next + "'");
        }
    }

    int codePoint() {
        int c = text.codePointAt(at);
        at += Character.charCount(c);
        return c;
    }

    int position() {
        return at;
    }

    void back(int position) {
        at = position;
    }

    String since(int start) {
        return text.substring(start, at);
    }

    /// Skips spaces and comments.
    ///
    /// @param newlines whether ends of lines too
    /// @param comment what begins a comment
    void space(boolean newlines, String... comment) {
        boolean goesOn = true;
        while (goesOn && !isAtEnd()) {
            char c = peek();
            goesOn = c == ' ' || c == '\t' || newlines && (c == '\n' || c == '\r');
            if (goesOn) {
                at++;
            }
            for (String begin : comment) {
                if (sees(begin)) {
                    goesOn = true;
                    while (!isAtEnd() && peek() != '\n') {
                        at++;
                    }
                }
            }
        }
    }

    /// A name of letters, digits and some others; empty if there is none.
    String name(String others) {
        int start = at;
        while (!isAtEnd() && (Character.isLetterOrDigit(peek()) || others.indexOf(peek()) >= 0)) {
            at++;
        }
        return since(start);
    }

    int number() {
        int start = at;
        int value = 0;
        while (peek() >= '0' && peek() <= '9') {
            value = value * 10 + peek() - '0';
            at++;
            if (value > MAX_COUNT) {
                throw GrammarException.limit("repetitions", MAX_COUNT);
            }
        }
        if (at == start) {
            throw expected("a number");
        }
        return value;
    }

    /// The character after a backslash.
    int escape() {
        if (isAtEnd()) {
            throw expected("a character after the backslash");
        }
        int c = codePoint();
        return switch (c) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'f' -> '\f';
            case 'b' -> '\b';
            case 'x' -> hex(2);
            case 'u' -> hex(4);
            case 'U' -> hex(8);
            default -> {
                if (Character.isLetterOrDigit(c)) {
                    throw expected("an escape such as \\n, \\x41, \\u0041, before it");
                }
                yield c;
            }
        };
    }

    private int hex(int digits) {
        long value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(peek(), 16);
            if (digit < 0) {
                throw expected(digits + " hexadecimal digits");
            }
            value = value * 16 + digit;
            at++;
        }
        if (value > Character.MAX_CODE_POINT || value >= Character.MIN_SURROGATE && value <= Character.MAX_SURROGATE) {
            throw expected("the number of a character before it");
        }
        return (int) value;
    }

    void enter() {
        if (++depth > GrammarLimits.DEPTH) {
            throw GrammarException.limit("nested groups", GrammarLimits.DEPTH);
        }
    }

    void leave() {
        depth--;
    }
}
