package glia.jinja;

import glia.jinja.value.Arguments;
import glia.jinja.value.Budget;
import glia.jinja.value.JinjaError;
import glia.jinja.value.Numbers;
import glia.jinja.value.Operators.Operator;
import glia.jinja.value.Operators;
import glia.jinja.value.Text;
import glia.jinja.value.Types.Kind;
import glia.jinja.value.Types;
import glia.jinja.value.Undefined;
import java.math.BigInteger;

/// Filters that make or take numbers.
final class NumberFilters {
    private NumberFilters() {
    }

    static Object apply(String name, Object value, Arguments arguments, Budget budget) {
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        return switch (name) {
            case "abs" -> absolute(value);
            case "int" -> integer(value, arguments.bind(name, 0, "default", "base"), budget);
            case "float" -> real(value, arguments.bind(name, 0, "default"), budget);
            case "round" -> round(value, arguments.bind(name, 0, "precision", "method"), budget);
            default -> throw new AssertionError(name);
        };
    }

    private static Object absolute(Object value) {
        if (!Numbers.isNumber(value)) {
            throw new JinjaError("bad operand type for abs(): '" + Types.name(value) + "'");
        }
        return Numbers.absolute(value);
    }

    private static Object integer(Object value, Arguments.Bound arguments, Budget budget) {
        if (Numbers.isInteger(value)) {
            return Operators.plus(value, budget);
        }
        if (value instanceof Double real && real.isInfinite()) {
            throw new JinjaError("cannot convert float infinity to integer");
        }
        Object parsed = Types.kind(value) == Kind.TEXT
                ? parseInteger(value.toString(), arguments.integer(1, 10), budget) : null;
        if (parsed != null) {
            return parsed;
        }
        Double real = toReal(value, budget);
        return real == null || real.isNaN() || real.isInfinite() ? arguments.get(0, 0L)
                : Numbers.normal(Numbers.truncated(real));
    }

    /// An integer as Python's `int(text, base)` reads it, or null.
    private static Object parseInteger(String text, long base, Budget budget) {
        budget.work(text.length());
        budget.text(4L * text.length());
        String digits = Text.strip(text, true, true);
        boolean negative = digits.startsWith("-");
        digits = negative || digits.startsWith("+") ? digits.substring(1) : digits;
        int radix = (int) Math.max(-1, Math.min(37, base));
        int prefixed = digits.length() < 2 || digits.charAt(0) != '0' ? 0
                : switch (Character.toLowerCase(digits.charAt(1))) {
                    case 'x' -> 16;
                    case 'o' -> 8;
                    case 'b' -> 2;
                    default -> 0;
                };
        if (prefixed != 0 && (radix == prefixed || radix == 0)) {
            digits = digits.substring(digits.startsWith("_", 2) ? 3 : 2);
            radix = prefixed;
        }
        radix = radix == 0 ? 10 : radix;
        if (radix < Character.MIN_RADIX || radix > Character.MAX_RADIX || !isNumber(digits, radix)) {
            return null;
        }
        String plain = digits.replace("_", "");
        if (plain.length() > Numbers.MAX_DIGITS) {
            return null;
        }
        Numbers.chargeDigits(plain.length(), budget);
        BigInteger integer = new BigInteger(plain, radix);
        return Numbers.normal(negative ? integer.negate() : integer);
    }

    /// Whether the text is digits, with single underscores between them at most.
    private static boolean isNumber(String text, int radix) {
        for (int i = 0; i < text.length(); i++) {
            boolean between = i > 0 && i < text.length() - 1 && text.charAt(i - 1) != '_';
            if (text.charAt(i) == '_' ? !between : Character.digit(text.charAt(i), radix) < 0) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    private static Object real(Object value, Arguments.Bound arguments, Budget budget) {
        Double real = toReal(value, budget);
        return real == null ? arguments.get(0, 0.0) : real;
    }

    /// The value as Python's `float(value)` reads it, or null.
    private static Double toReal(Object value, Budget budget) {
        if (Numbers.isNumber(value)) {
            return Numbers.real(value);
        }
        return Types.kind(value) == Kind.TEXT ? parseReal(value.toString(), budget) : null;
    }

    private static Double parseReal(String text, Budget budget) {
        budget.work(text.length());
        budget.text(8L * text.length() + 256);
        // Numbers are ASCII; other letters may stay as they are.
        String number = Text.strip(text, true, true).replace('E', 'e');
        String size = number.startsWith("-") || number.startsWith("+") ? number.substring(1) : number;
        if (size.equalsIgnoreCase("inf") || size.equalsIgnoreCase("infinity")) {
            return number.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        if (size.equalsIgnoreCase("nan")) {
            return Double.NaN;
        }
        for (int i = 0; i < number.length(); i++) {
            char c = number.charAt(i);
            boolean digit = c >= '0' && c <= '9';
            boolean between = i > 0 && i < number.length() - 1 && isDigit(number.charAt(i - 1))
                    && isDigit(number.charAt(i + 1));
            // The platform also reads hexadecimal numbers and type suffixes, which Python does not.
            if (!digit && "+-.e".indexOf(c) < 0 && !(c == '_' && between)) {
                return null;
            }
        }
        try {
            return Double.parseDouble(number.replace("_", ""));
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static Object round(Object value, Arguments.Bound arguments, Budget budget) {
        String method = arguments.text(1, "common");
        long precision = arguments.integer(0, 0);
        if (!Numbers.isNumber(value)) {
            throw new JinjaError("type " + Types.name(value) + " doesn't define __round__ method");
        }
        if (method.equals("common")) {
            return Numbers.round(value, precision, budget);
        }
        if (!method.equals("ceil") && !method.equals("floor")) {
            throw new JinjaError("method must be common, ceil or floor");
        }
        Object scale = Operators.apply(Operator.POWER, 10L, precision, budget);
        Object scaled = Operators.apply(Operator.MULTIPLY, value, scale, budget);
        if (scaled instanceof Double real) {
            if (real.isNaN() || real.isInfinite()) {
                throw new JinjaError("cannot convert float " + (real.isNaN() ? "NaN" : "infinity") + " to integer");
            }
            double rounded = method.equals("ceil") ? Math.ceil(real) : Math.floor(real);
            scaled = Numbers.normal(Numbers.truncated(rounded));
        }
        return Operators.apply(Operator.DIVIDE, scaled, scale, budget);
    }
}
