package glia.jinja.syntax;

import glia.jinja.value.JinjaError;
import glia.jinja.value.Numbers;

import java.math.BigInteger;

/// Reads the literals of a template: numbers and strings, as Python writes them.
final class Literals {
    private static final int MAX_DIGITS = 4300;

    private Literals() {
    }

    /// A literal's value and where it ends.
    record Scanned(Object value, int end) {
    }

    /// Reads an integer (`42`, `1_000`, `0x1F`, `0o17`, `0b11`) or a float (`1.5`, `1e3`).
    static Scanned number(String source, int start) {
        char base = start + 1 < source.length() ? Character.toLowerCase(source.charAt(start + 1)) : 0;
        if (source.charAt(start) == '0' && (base == 'x' || base == 'o' || base == 'b')) {
            int radix = base == 'x' ? 16 : base == 'o' ? 8 : 2;
            int end = digits(source, start + 2, radix, true);
            if (end > start + 2) {
                return integer(source.substring(start + 2, end), radix, end);
            }
        }
        int end = digits(source, start, 10, false);
        // After a point digits are an index: `x.0.1`.
        boolean index = start > 0 && source.charAt(start - 1) == '.';
        int point = index ? end : fraction(source, end);
        int last = index ? end : exponent(source, point);
        if (last > end) {
            return new Scanned(Double.parseDouble(source.substring(start, last).replace("_", "")), last);
        }
        if (source.charAt(start) == '0') {
            // A zero may be followed by zeros only.
            int zeros = start + 1;
            while (zeros < end && (source.charAt(zeros) == '0' || source.charAt(zeros) == '_')) {
                zeros++;
            }
            return new Scanned(0L, source.charAt(zeros - 1) == '_' ? zeros - 1 : zeros);
        }
        return integer(source.substring(start, end), 10, end);
    }

    private static Scanned integer(String digits, int radix, int end) {
        String plain = digits.replace("_", "");
        if (plain.length() > MAX_DIGITS) {
            throw new JinjaError("Exceeds the limit (" + MAX_DIGITS + " digits) for integer string conversion");
        }
        return new Scanned(Numbers.normal(new BigInteger(plain, radix)), end);
    }

    /// The end of a run of digits, in which single underscores may stand between two (or, where `leading`, before
    /// the first).
    private static int digits(String source, int start, int radix, boolean leading) {
        int end = start;
        while (end < source.length()) {
            boolean underscore = source.charAt(end) == '_' && (end > start || leading) && end + 1 < source.length();
            int digit = underscore ? end + 1 : end;
            char c = source.charAt(digit);
            if (c >= 0x80 || Character.digit(c, radix) < 0) {
                break;
            }
            end = digit + 1;
        }
        return end;
    }

    private static int fraction(String source, int at) {
        if (at < source.length() && source.charAt(at) == '.') {
            int end = digits(source, at + 1, 10, false);
            return end > at + 1 ? end : at;
        }
        return at;
    }

    private static int exponent(String source, int at) {
        if (at < source.length() && (source.charAt(at) == 'e' || source.charAt(at) == 'E')) {
            boolean signed = at + 1 < source.length() && "+-".indexOf(source.charAt(at + 1)) >= 0;
            int start = at + (signed ? 2 : 1);
            int end = digits(source, start, 10, false);
            return end > start ? end : at;
        }
        return at;
    }

    /// Reads a string in single or double quotes.
    static Scanned string(String source, int start) {
        char quote = source.charAt(start);
        StringBuilder out = new StringBuilder();
        int i = start + 1;
        while (i < source.length() && source.charAt(i) != quote) {
            char c = source.charAt(i);
            if (c == '\\' && i + 1 < source.length()) {
                i = escape(source, i + 1, out);
            } else {
                out.append(c);
                i++;
            }
        }
        if (i >= source.length()) {
            throw new JinjaError("unexpected char '" + quote + "': the string has no end");
        }
        return new Scanned(out.toString(), i + 1);
    }

    /// Reads what follows a backslash; returns the position after it.
    private static int escape(String source, int at, StringBuilder out) {
        char c = source.charAt(at);
        switch (c) {
            case '\n' -> { }
            case '\\', '\'', '"' -> out.append(c);
            case 'a' -> out.append('\7');
            case 'b' -> out.append('\b');
            case 'f' -> out.append('\f');
            case 'n' -> out.append('\n');
            case 'r' -> out.append('\r');
            case 't' -> out.append('\t');
            case 'v' -> out.append((char) 0x0b);
            case 'x' -> {
                return hex(source, at + 1, 2, out);
            }
            case 'u' -> {
                return hex(source, at + 1, 4, out);
            }
            case 'U' -> {
                return hex(source, at + 1, 8, out);
            }
            case 'N' -> {
                return named(source, at + 1, out);
            }
            default -> {
                return octal(source, at, out);
            }
        }
        return at + 1;
    }

    private static int hex(String source, int start, int count, StringBuilder out) {
        int value = 0;
        for (int i = start; i < start + count; i++) {
            int digit = i < source.length() && source.charAt(i) < 0x80 ? Character.digit(source.charAt(i), 16) : -1;
            if (digit < 0) {
                throw new JinjaError("truncated escape in a string: expected " + count + " hexadecimal digits");
            }
            value = value << 4 | digit;
        }
        if (!Character.isValidCodePoint(value)) {
            throw new JinjaError("illegal Unicode character in a string");
        }
        out.appendCodePoint(value);
        return start + count;
    }

    private static int named(String source, int start, StringBuilder out) {
        int close = source.indexOf('}', start);
        if (start >= source.length() || source.charAt(start) != '{' || close < 0) {
            throw new JinjaError("malformed \\N character escape");
        }
        try {
            out.appendCodePoint(Character.codePointOf(source.substring(start + 1, close)));
        } catch (IllegalArgumentException e) {
            throw new JinjaError("unknown Unicode character name");
        }
        return close + 1;
    }

    /// Up to three octal digits; anything else keeps its backslash, and a character beyond ASCII takes the form of
    /// an escape, as it does in Jinja.
    private static int octal(String source, int at, StringBuilder out) {
        int value = 0;
        int end = at;
        while (end < at + 3 && end < source.length() && source.charAt(end) >= '0' && source.charAt(end) <= '7') {
            value = value * 8 + source.charAt(end++) - '0';
        }
        if (end > at) {
            out.append((char) value);
            return end;
        }
        int c = source.codePointAt(at);
        out.append('\\');
        if (c < 0x80) {
            out.append((char) c);
        } else {
            String hex = Integer.toHexString(c);
            int digits = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
            out.append(digits == 2 ? 'x' : digits == 4 ? 'u' : 'U').repeat('0', digits - hex.length()).append(hex);
        }
        return at + Character.charCount(c);
    }
}
