package glia.jinja.value;

import java.util.Iterator;
import java.util.List;

/// Python's `"%s %05.2f %(name)r" % values`.
public final class PercentFormat {
    private final Object template;
    private final String format;
    private final Object values;
    private final Iterator<Object> positional;
    private final boolean escaped;
    private final Budget budget;
    private int at;

    private PercentFormat(Object template, Object values, Budget budget) {
        this.template = template;
        this.format = template.toString();
        this.values = values;
        this.positional = values instanceof TupleValue ? Iteration.of(values, budget) : List.of(one(values)).iterator();
        this.escaped = template instanceof Markup;
        this.budget = budget;
        budget.bytes(256);
    }

    /// A value that may be null, for a list that cannot contain null.
    private record One(Object value) {
    }

    private static Object one(Object value) {
        return new One(value);
    }

    /// Formats `values`, a tuple, a dict or a single value. Where the format is markup, texts are escaped as they
    /// enter.
    ///
    /// @throws JinjaError where the values do not fit the format
    public static Object format(Object format, Object values, Budget budget) {
        return new PercentFormat(format, values, budget).format();
    }

    private Object format() {
        TextBuilder out = new TextBuilder(budget);
        while (at < format.length()) {
            int percent = format.indexOf('%', at);
            int end = percent < 0 ? format.length() : percent;
            out.append(template, at, end);
            at = end + 1;
            if (percent >= 0) {
                out.append(conversion());
            }
        }
        // As in Python, a value with indices could be meant for named conversions, and may go unused.
        boolean optional = values instanceof DictValue || values instanceof Undefined
                || values instanceof Sequence && !(values instanceof TupleValue);
        if (!optional && positional.hasNext()) {
            throw new JinjaError("not all arguments converted during string formatting");
        }
        return out.value();
    }

    private char peek() {
        if (at >= format.length()) {
            throw new JinjaError("incomplete format");
        }
        return format.charAt(at);
    }

    private Object nextValue() {
        if (!positional.hasNext()) {
            throw new JinjaError("not enough arguments for format string");
        }
        Object value = positional.next();
        return value instanceof One(Object only) ? only : value;
    }

    private Object conversion() {
        budget.steps(2);
        budget.bytes(512);
        Object value = Values.ABSENT;
        if (peek() == '(') {
            value = mapped();
        }
        String flags = "";
        while ("#0- +".indexOf(peek()) >= 0) {
            char flag = format.charAt(at++);
            flags += flags.indexOf(flag) < 0 ? flag : "";
            budget.work(2);
            budget.bytes(64);
        }
        long width = number();
        if (width < 0) {
            flags += "-";
            width = -width;
        }
        int precision = -1;
        if (peek() == '.') {
            at++;
            precision = (int) Math.max(0, Math.min(Integer.MAX_VALUE, number()));
        }
        while ("hlL".indexOf(peek()) >= 0) {
            at++;
        }
        char type = format.charAt(at++);
        if (type == '%') {
            return TrustedText.cut(template, at - 1, at, budget);
        }
        return convert(value == Values.ABSENT ? nextValue() : value, type, flags, width, precision);
    }

    private Object mapped() {
        int close = format.indexOf(')', at);
        if (close < 0) {
            throw new JinjaError("incomplete format key");
        }
        if (!(values instanceof DictValue dict)) {
            throw new JinjaError("format requires a mapping");
        }
        String key = budget.made(format.substring(at + 1, close));
        at = close + 1;
        Object value = dict.get(key);
        if (value == Values.ABSENT) {
            throw new JinjaError("'" + key + "'");
        }
        return value;
    }

    /// A width or precision: digits, or `*` for the next value.
    private long number() {
        if (peek() == '*') {
            at++;
            Object value = nextValue();
            if (!Numbers.isInteger(value)) {
                throw new JinjaError("* wants int");
            }
            return Math.max(-Integer.MAX_VALUE, Math.min(Integer.MAX_VALUE, Numbers.clamped(value)));
        }
        long number = 0;
        while (peek() >= '0' && peek() <= '9') {
            number = Math.min(Integer.MAX_VALUE, number * 10 + format.charAt(at++) - '0');
        }
        return number;
    }

    private Object convert(Object value, char type, String flags, long width, int precision) {
        String sign = "";
        Object body;
        if ("sra".indexOf(type) >= 0) {
            Object text = type == 's' ? Repr.text(value, budget) : Repr.shown(value, budget);
            text = escaped && !(value instanceof Markup) ? Markup.escape(text, budget) : text;
            budget.scan(text);
            body = precision >= 0 && precision < Text.length(text.toString())
                    ? Text.pick(text, 0, 1, precision, budget) : text;
        } else if (type == 'c') {
            body = character(value);
        } else if ("diuoxXeEfFgG".indexOf(type) >= 0) {
            boolean negative = negative(value, type);
            sign = negative ? "-" : flags.contains("+") ? "+" : flags.contains(" ") ? " " : "";
            body = TrustedText.of(number(value, type, precision, flags.contains("#"), budget));
        } else {
            throw new JinjaError("unsupported format character '" + type + "' (0x" + Integer.toHexString(type)
                    + ") at index " + (at - 1));
        }
        long missing = Math.max(0, width - Text.length(body.toString()) - sign.length());
        TextBuilder out = new TextBuilder(budget);
        if (flags.contains("-")) {
            return out.trusted(sign).append(body).trusted(Operators.repeat(" ", missing, budget)).value();
        }
        boolean zeros = flags.contains("0") && "sracRSA".indexOf(type) < 0;
        String fill = Operators.repeat(zeros ? "0" : " ", missing, budget);
        return (zeros ? out.trusted(sign).trusted(fill) : out.trusted(fill).trusted(sign)).append(body).value();
    }

    /// A number may be any character, so it is no more trusted than a text.
    private static Object character(Object value) {
        if (Numbers.isInteger(value) && Numbers.clamped(value) >= 0 && Numbers.clamped(value) <= 0x10ffff) {
            return Character.toString((int) Numbers.clamped(value));
        }
        if (Types.kind(value) == Types.Kind.TEXT && Text.length(value.toString()) == 1) {
            return value instanceof Markup markup ? markup.text() : value;
        }
        throw new JinjaError("%c requires int or char");
    }

    private static boolean negative(Object value, char type) {
        if (!Numbers.isNumber(value)) {
            if (value instanceof Undefined undefined) {
                throw undefined.error();
            }
            throw new JinjaError("diu".indexOf(type) >= 0
                    ? "%" + type + " format: a real number is required, not " + Types.name(value)
                    : "must be real number, not " + Types.name(value));
        }
        if (value instanceof Double real) {
            boolean integer = "diu".indexOf(type) >= 0;
            return integer ? real <= -1 : real < 0 || real == 0 && 1 / real < 0;
        }
        return Numbers.big(value).signum() < 0;
    }

    private static String number(Object value, char type, int precision, boolean alternate, Budget budget) {
        if ("eEfFgG".indexOf(type) >= 0) {
            return NumberFormat.real(Numbers.real(value), type, precision, alternate, budget);
        }
        if (value instanceof Double real && ("oxX".indexOf(type) >= 0 || real.isNaN() || real.isInfinite())) {
            throw new JinjaError("%" + type + " format: an integer is required, not float");
        }
        var integer = value instanceof Double real ? Numbers.truncated(real) : Numbers.big(value);
        String digits = NumberFormat.integer(integer, type, alternate, budget);
        if (precision > digits.length() && precision > Numbers.MAX_DIGITS) {
            throw new JinjaError("precision too big: " + precision + "; at most " + Numbers.MAX_DIGITS);
        }
        budget.text(2L * Math.max(0, Math.min(precision, Numbers.MAX_DIGITS)));
        return "0".repeat(Math.max(0, precision - digits.length())) + digits;
    }
}
