package glia.jinja.value;

import java.math.BigDecimal;
import java.math.BigInteger;

/// Values as text, as Python writes them: `str(value)` for printing and `repr(value)` for the elements of containers.
public final class Repr {
    private static final int NUMBER_BYTES = 64;
    /// An escape of a character and its parts.
    private static final int ESCAPE_BYTES = 160;
    private static final int REAL_BYTES = 512;

    private Repr() {
    }

    /// `str(value)` as a plain string.
    public static String str(Object value, Budget budget) {
        return text(value, budget).toString();
    }

    /// `str(value)` as a string value. Trusted characters stay trusted; numbers, booleans and none
    /// are trusted, since they can hold no text.
    public static Object text(Object value, Budget budget) {
        if (value instanceof String || value instanceof TrustedText) {
            return value;
        }
        return value instanceof Undefined ? "" : shown(value, budget);
    }

    /// `repr(value)` as a plain string.
    public static String repr(Object value, Budget budget) {
        return shown(value, budget).toString();
    }

    /// `repr(value)` as a string value.
    static Object shown(Object value, Budget budget) {
        TextBuilder out = new TextBuilder(budget);
        write(value, out, budget);
        return out.value();
    }

    private static void write(Object value, TextBuilder out, Budget budget) {
        budget.enter();
        budget.step();
        switch (Types.kind(value)) {
            case NONE -> out.trusted("None");
            case BOOL -> out.trusted((Boolean) value ? "True" : "False");
            case INT -> out.trusted(integer(value, budget));
            case FLOAT -> out.trusted(real((Double) value, budget));
            case TEXT -> text(value, out, budget);
            case LIST -> list((Sequence.ListValue) value, out, budget);
            case TUPLE -> tuple((Sequence.TupleValue) value, out, budget);
            case RANGE -> range((Sequence.RangeValue) value, out);
            case DICT -> dict((DictValue) value, out, budget);
            case UNDEFINED -> out.append("Undefined");
            case OTHER -> other(value, out, budget);
        }
        budget.exit();
    }

    private static void text(Object value, TextBuilder out, Budget budget) {
        budget.work(value.toString().length());
        quoted(value, out, budget);
    }

    private static String integer(Object value, Budget budget) {
        budget.bytes(NUMBER_BYTES);
        return value instanceof BigInteger big ? Numbers.decimal(big, budget) : value.toString();
    }

    private static String real(double value, Budget budget) {
        budget.steps(4);
        budget.bytes(REAL_BYTES);
        return real(value);
    }

    private static void list(Sequence items, TextBuilder out, Budget budget) {
        out.append('[');
        elements(items, out, budget);
        out.append(']');
    }

    private static void tuple(Sequence items, TextBuilder out, Budget budget) {
        out.append('(');
        elements(items, out, budget);
        out.append(items.size() == 1 ? ",)" : ")");
    }

    private static void elements(Sequence items, TextBuilder out, Budget budget) {
        for (int i = 0; i < items.size(); i++) {
            out.append(i == 0 ? "" : ", ");
            write(items.get(i), out, budget);
        }
    }

    private static void range(Sequence.RangeValue range, TextBuilder out) {
        out.append("range(" + range.start() + ", " + (range.start() + range.size() * range.step())
                + (range.step() != 1 ? ", " + range.step() : "") + ")");
    }

    private static void dict(DictValue dict, TextBuilder out, Budget budget) {
        out.append('{');
        String separator = "";
        for (DictValue.Entry entry : dict.entries()) {
            out.append(separator);
            write(entry.key(), out, budget);
            out.append(": ");
            write(entry.value(), out, budget);
            separator = ", ";
        }
        out.append('}');
    }

    private static void other(Object value, TextBuilder out, Budget budget) {
        if (value instanceof DictValue.View view) {
            out.append(view.typeName()).append('(');
            list(view.list(budget), out, budget);
            out.append(')');
        } else if (value instanceof Reprs reprs) {
            out.append(reprs.repr(budget));
        } else {
            out.append("<" + Types.name(value) + " object>");
        }
    }

    /// A value with a `repr` of its own.
    public interface Reprs {
        /// Its `repr`.
        String repr(Budget budget);
    }

    /// A string in quotes, with unprintable characters escaped.
    private static void quoted(Object value, TextBuilder out, Budget budget) {
        String text = value.toString();
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        int start = 0;
        for (int i = 0; i < text.length();) {
            int c = text.codePointAt(i);
            int next = i + Character.charCount(c);
            String escaped = escaped(c, quote);
            if (escaped != null) {
                budget.bytes(ESCAPE_BYTES);
                out.append(value, start, i).inPlace(value, i, next, escaped);
                start = next;
            }
            i = next;
        }
        out.append(value, start, text.length()).append(quote);
    }

    /// The escape of a character in a quoted string, or null where it needs none.
    private static String escaped(int c, char quote) {
        return switch (c) {
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '\\' -> "\\\\";
            default -> c == quote ? "\\" + quote : Text.isPrintable(c) ? null : escape(c);
        };
    }

    /// A character as a backslash, `x`, `u` or `U`, and two, four or eight hexadecimal digits.
    static String escape(int c) {
        int digits = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
        String hex = Integer.toHexString(c);
        return (digits == 2 ? "\\x" : digits == 4 ? "\\u" : "\\U") + "0".repeat(digits - hex.length()) + hex;
    }

    /// The shortest decimal that reads back as the same double, in Python's form: with an exponent below 1e-4 and
    /// from 1e16 on.
    public static String real(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal shortest = new BigDecimal(Double.toString(Math.abs(value))).stripTrailingZeros();
        String digits = shortest.unscaledValue().toString();
        // The value is 0.digits × 10^point.
        int point = digits.length() - shortest.scale();
        String sign = value < 0 ? "-" : "";
        if (point > 16 || point < -3) {
            return sign + exponential(digits, point - 1);
        }
        if (point <= 0) {
            return sign + "0." + "0".repeat(-point) + digits;
        }
        if (point >= digits.length()) {
            return sign + digits + "0".repeat(point - digits.length()) + ".0";
        }
        return sign + digits.substring(0, point) + "." + digits.substring(point);
    }

    private static String exponential(String digits, int exponent) {
        String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
        int size = Math.abs(exponent);
        return mantissa + "e" + (exponent < 0 ? "-" : "+") + (size < 10 ? "0" : "") + size;
    }
}
