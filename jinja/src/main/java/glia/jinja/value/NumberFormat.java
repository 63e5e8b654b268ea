package glia.jinja.value;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/// The digits of numbers, without sign, in the conversions `d o x b e f g %` of Python's two formatting languages.
final class NumberFormat {
    private static final int DEFAULT_PRECISION = 6;
    private static final double LOG10_OF_2 = Math.log10(2);
    /// The most digits of a double before the point.
    private static final int MAX_INTEGER_DIGITS = 310;

    private NumberFormat() {
    }

    /// An integer in base 2, 8, 10 or 16, with the base's prefix where `alternate`.
    ///
    /// @throws JinjaError where it has more decimal digits than Python converts
    static String integer(BigInteger value, char type, boolean alternate, Budget budget) {
        budget.text(value.bitLength());
        BigInteger size = value.abs();
        return switch (type) {
            case 'b' -> (alternate ? "0b" : "") + size.toString(2);
            case 'o' -> (alternate ? "0o" : "") + size.toString(8);
            case 'x' -> (alternate ? "0x" : "") + size.toString(16);
            case 'X' -> (alternate ? "0X" : "") + size.toString(16).toUpperCase(Locale.ROOT);
            default -> decimal(size, budget);
        };
    }

    /// An integer in decimal digits.
    ///
    /// @throws JinjaError where it has more than [Numbers#MAX_DIGITS]
    static String decimal(BigInteger value, Budget budget) {
        long digits = (long) (value.bitLength() * LOG10_OF_2) + 1;
        Numbers.chargeDigits(Math.min(digits, Numbers.MAX_DIGITS), budget);
        String text = digits > Numbers.MAX_DIGITS + 1 ? "" : value.toString();
        if (text.isEmpty() || text.length() - (value.signum() < 0 ? 1 : 0) > Numbers.MAX_DIGITS) {
            throw new JinjaError("Exceeds the limit (" + Numbers.MAX_DIGITS + " digits) for integer string conversion");
        }
        return text;
    }

    /// A float by the type `e f g %` (or their capitals); `precision` −1 means 6.
    static String real(double value, char type, int precision, boolean alternate, Budget budget) {
        if (precision > Numbers.MAX_DIGITS) {
            throw new JinjaError("precision too big: " + precision + "; at most " + Numbers.MAX_DIGITS);
        }
        Numbers.chargeDigits(Math.max(0, precision) + MAX_INTEGER_DIGITS, budget);
        budget.text(8L * Math.max(0, precision) + 4 * MAX_INTEGER_DIGITS);
        char lower = Character.toLowerCase(type);
        int decimals = precision < 0 ? DEFAULT_PRECISION : precision;
        String text;
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            text = Repr.real(Math.abs(value)) + (type == '%' ? "%" : "");
        } else {
            BigDecimal exact = new BigDecimal(Math.abs(value));
            text = switch (lower) {
                case 'e' -> exponential(exact, decimals);
                case 'g' -> general(exact, Math.max(1, decimals), alternate);
                case '%' -> fixed(exact.movePointRight(2), decimals) + "%";
                default -> fixed(exact, decimals);
            };
        }
        return lower == type ? text : text.toUpperCase(Locale.ROOT);
    }

    private static String fixed(BigDecimal value, int decimals) {
        return value.setScale(decimals, RoundingMode.HALF_EVEN).toPlainString();
    }

    private static String exponential(BigDecimal value, int decimals) {
        BigDecimal rounded = value.round(new MathContext(decimals + 1, RoundingMode.HALF_EVEN));
        StringBuilder digits = new StringBuilder(rounded.unscaledValue().toString());
        int exponent = value.signum() == 0 ? 0 : digits.length() - 1 - rounded.scale();
        digits.repeat('0', Math.max(0, decimals + 1 - digits.length()));
        digits.setLength(decimals + 1);
        if (decimals > 0) {
            digits.insert(1, '.');
        }
        int size = Math.abs(exponent);
        return digits + "e" + (exponent < 0 ? "-" : "+") + (size < 10 ? "0" : "") + size;
    }

    /// The shorter of the two with `digits` significant digits, without zeros at the end unless `alternate`.
    private static String general(BigDecimal value, int digits, boolean alternate) {
        BigDecimal rounded = value.round(new MathContext(digits, RoundingMode.HALF_EVEN));
        int exponent = value.signum() == 0 ? 0 : rounded.precision() - 1 - rounded.scale();
        if (exponent >= -4 && exponent < digits) {
            String text = fixed(value, digits - 1 - exponent);
            return alternate ? text : withoutZeros(text);
        }
        String text = exponential(value, digits - 1);
        int e = text.indexOf('e');
        return alternate ? text : withoutZeros(text.substring(0, e)) + text.substring(e);
    }

    private static String withoutZeros(String text) {
        int end = text.length();
        if (text.indexOf('.') >= 0) {
            while (text.charAt(end - 1) == '0') {
                end--;
            }
            end -= text.charAt(end - 1) == '.' ? 1 : 0;
        }
        return text.substring(0, end);
    }

    /// Puts a separator between groups of digits of the integer part.
    static String grouped(String digits, char separator, int size, Budget budget) {
        budget.text(2L * digits.length());
        budget.work(digits.length());
        int end = 0;
        while (end < digits.length() && Character.digit(digits.charAt(end), 16) >= 0) {
            end++;
        }
        StringBuilder out = new StringBuilder(2 * digits.length());
        for (int i = 0; i < digits.length(); i++) {
            if (i > 0 && i < end && (end - i) % size == 0) {
                out.append(separator);
            }
            out.append(digits.charAt(i));
        }
        return out.toString();
    }
}
