package glia.jinja.value;

import java.math.BigDecimal;

/// How Python writes values: `str(value)`, as printing does, and `repr(value)`, as containers show their elements.
public final class Repr {
    private Repr() {
    }

    /// `str(value)`
    public static String str(Object value, Budget budget) {
        if (value instanceof String text) {
            return text;
        }
        if (value instanceof Markup(String text)) {
            return text;
        }
        if (value instanceof Undefined) {
            return "";
        }
        return repr(value, budget);
    }

    /// `repr(value)`
    public static String repr(Object value, Budget budget) {
        StringBuilder out = new StringBuilder();
        write(value, out, budget);
        return out.toString();
    }

    private static void write(Object value, StringBuilder out, Budget budget) {
        budget.enter();
        budget.step();
        int start = out.length();
        switch (Types.kind(value)) {
            case NONE -> out.append("None");
            case BOOL -> out.append((Boolean) value ? "True" : "False");
            case INT -> out.append(integer(value));
            case FLOAT -> out.append(real((Double) value));
            case TEXT -> text(value, out);
            case LIST -> list((ListValue) value, out, budget);
            case TUPLE -> tuple((TupleValue) value, out, budget);
            case RANGE -> range((RangeValue) value, out);
            case DICT -> dict((DictValue) value, out, budget);
            case UNDEFINED -> out.append("Undefined");
            case OTHER -> other(value, out, budget);
        }
        // The elements of a container have paid for themselves.
        boolean container = value instanceof Sequence || value instanceof DictValue;
        budget.text(container ? 2 : out.length() - start);
        budget.exit();
    }

    private static void text(Object value, StringBuilder out) {
        boolean markup = value instanceof Markup;
        out.append(markup ? "Markup(" : "");
        quoted(value.toString(), out);
        out.append(markup ? ")" : "");
    }

    private static String integer(Object value) {
        String digits = value.toString();
        if (digits.length() > 4300) {
            throw new JinjaError("Exceeds the limit (4300 digits) for integer string conversion");
        }
        return digits;
    }

    private static void list(Sequence items, StringBuilder out, Budget budget) {
        out.append('[');
        elements(items, out, budget);
        out.append(']');
    }

    private static void tuple(Sequence items, StringBuilder out, Budget budget) {
        out.append('(');
        elements(items, out, budget);
        out.append(items.size() == 1 ? ",)" : ")");
    }

    private static void elements(Sequence items, StringBuilder out, Budget budget) {
        for (int i = 0; i < items.size(); i++) {
            out.append(i == 0 ? "" : ", ");
            write(items.get(i), out, budget);
        }
    }

    private static void range(RangeValue range, StringBuilder out) {
        out.append("range(").append(range.start()).append(", ")
                .append(range.start() + range.size() * range.step());
        if (range.step() != 1) {
            out.append(", ").append(range.step());
        }
        out.append(')');
    }

    private static void dict(DictValue dict, StringBuilder out, Budget budget) {
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

    private static void other(Object value, StringBuilder out, Budget budget) {
        if (value instanceof DictView view) {
            out.append(view.typeName()).append('(');
            list(view.list(budget), out, budget);
            out.append(')');
        } else if (value instanceof Reprs reprs) {
            out.append(reprs.repr(budget));
        } else {
            out.append('<').append(Types.name(value)).append(" object>");
        }
    }

    /// A value that knows how Python would show it.
    public interface Reprs {
        /// Its `repr`.
        String repr(Budget budget);
    }

    /// A string in quotes, with what cannot be printed escaped.
    private static void quoted(String text, StringBuilder out) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        for (int i = 0; i < text.length();) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (Text.isPrintable(c)) {
                        out.appendCodePoint(c);
                    } else {
                        escape(c, out);
                    }
                }
            }
        }
        out.append(quote);
    }

    /// A character as a backslash, `x`, `u` or `U`, and two, four or eight hexadecimal digits.
    static void escape(int c, StringBuilder out) {
        int digits = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
        String hex = Integer.toHexString(c);
        out.append(digits == 2 ? "\\x" : digits == 4 ? "\\u" : "\\U").repeat('0', digits - hex.length()).append(hex);
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
