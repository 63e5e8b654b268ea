package glia.jinja.value;

import glia.jinja.value.Operators.Operator;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/// Arithmetic on Python's numbers: integers, floats, and booleans, which count as 0 and 1. Results of integers have 64
/// bits. A longer integer of the caller or of the source (a `BigInteger`) can be written and compared only.
public final class Numbers {
    /// The most bits an integer may have.
    private static final int MAX_BITS = 1 << 16;
    /// The most decimal digits that are converted, as in Python.
    public static final int MAX_DIGITS = 4300;
    private static final double LOG10_OF_2 = Math.log10(2);
    /// Up to here each integer is exactly a double.
    private static final long MAX_EXACT = 1L << 53;
    /// Products of words that take as long as one unit of the budget.
    private static final int WORDS_PER_UNIT = 4;
    /// Pairs of digits that are converted in one unit of the budget, or with one byte of memory.
    private static final int DIGITS_PER_UNIT = 256;
    private static final int DIGITS_PER_BYTE = 64;
    private static final int LONG_BYTES = 24;
    private static final int BIG_BYTES = 256;

    private Numbers() {
    }

    /// Charges an operation on two numbers: the product of their lengths, in words of 32 bits, and the result.
    private static void charge(Object a, Object b, Budget budget) {
        if (a instanceof Long && b instanceof Long) {
            budget.bytes(LONG_BYTES);
            return;
        }
        long words = words(a);
        long others = words(b);
        budget.scan(words * others / WORDS_PER_UNIT + 64);
        budget.bytes(words * others + 8 * (words + others) + BIG_BYTES);
    }

    /// Charges the conversion of an integer to or from decimal digits.
    public static void chargeDigits(long digits, Budget budget) {
        budget.scan(digits * digits / DIGITS_PER_UNIT + digits);
        budget.bytes(24 * digits + digits * digits / DIGITS_PER_BYTE);
    }

    private static long words(Object number) {
        return number instanceof BigInteger big ? big.bitLength() / Integer.SIZE + 1
                : number instanceof Double ? 128 : 2;
    }

    /// An integer in decimal digits.
    ///
    /// @throws JinjaError where it has more than [#MAX_DIGITS]
    static String decimal(BigInteger value, Budget budget) {
        long digits = (long) (value.bitLength() * LOG10_OF_2) + 1;
        chargeDigits(Math.min(digits, MAX_DIGITS), budget);
        String text = digits > MAX_DIGITS + 1 ? "" : value.toString();
        if (text.isEmpty() || text.length() - (value.signum() < 0 ? 1 : 0) > MAX_DIGITS) {
            throw new JinjaError("Exceeds the limit (" + MAX_DIGITS + " digits) for integer string conversion");
        }
        return text;
    }

    /// Whether the value is a number for arithmetic.
    public static boolean isNumber(Object value) {
        return switch (Types.kind(value)) {
            case BOOL, INT, FLOAT -> true;
            default -> false;
        };
    }

    /// Whether the value is an integer or a boolean.
    public static boolean isInteger(Object value) {
        return Types.kind(value) == Types.Kind.INT || value instanceof Boolean;
    }

    /// The integer as a `Long` where it fits one.
    public static Object normal(BigInteger value) {
        if (value.bitLength() < Long.SIZE) {
            return value.longValue();
        }
        if (value.bitLength() > MAX_BITS) {
            throw new JinjaError("integer of more than " + MAX_BITS + " bits");
        }
        return value;
    }

    /// Any integer or boolean as a big integer.
    static BigInteger big(Object value) {
        return value instanceof BigInteger big ? big : BigInteger.valueOf(clamped(value));
    }

    /// Any number as a double.
    ///
    /// @throws JinjaError where an integer is too large
    public static double real(Object value) {
        if (value instanceof Double real) {
            return real;
        }
        double real = value instanceof BigInteger big ? big.doubleValue() : clamped(value);
        if (Double.isInfinite(real)) {
            throw new JinjaError("int too large to convert to float");
        }
        return real;
    }

    /// The integer part of a finite double.
    public static BigInteger truncated(double value) {
        return new BigDecimal(value).toBigInteger();
    }

    /// An index or count: the integer, held within the bounds of a long.
    public static long clamped(Object integer) {
        if (integer instanceof BigInteger big) {
            return big.signum() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
        }
        return integer instanceof Boolean truth ? (truth ? 1 : 0) : (Long) integer;
    }

    /// −1, 0 or 1 as `a` is less than, equal to or greater than `b`, exactly; 2 where one is not a number.
    static int order(Object a, Object b, Budget budget) {
        if (a instanceof Long x && b instanceof Long y) {
            return Long.compare(x, y);
        }
        charge(a, b, budget);
        if (a instanceof Double || b instanceof Double) {
            return orderReals(a, b);
        }
        return big(a).compareTo(big(b));
    }

    private static int orderReals(Object a, Object b) {
        boolean exact = isExact(a) && isExact(b);
        if (exact || a instanceof Double && b instanceof Double) {
            double x = real(a);
            double y = real(b);
            return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
        }
        Double real = a instanceof Double x ? x : (Double) b;
        int sign = a instanceof Double ? 1 : -1;
        if (real.isNaN()) {
            return 2;
        }
        if (real.isInfinite()) {
            return real > 0 ? sign : -sign;
        }
        BigInteger integer = big(a instanceof Double ? b : a);
        return sign * new BigDecimal(real).compareTo(new BigDecimal(integer));
    }

    private static boolean isExact(Object value) {
        return value instanceof Double || value instanceof Boolean
                || value instanceof Long integer && Math.abs(integer) <= MAX_EXACT;
    }

    /// `a + b` and the other operators; `/` gives a float in every case, `**` where `b` is negative.
    ///
    /// @throws JinjaError where the result is not defined, or an integer of more than 64 bits
    static Object apply(Operator operator, Object a, Object b, Budget budget) {
        charge(a, b, budget);
        if (a instanceof Double || b instanceof Double || operator == Operator.DIVIDE
                || operator == Operator.POWER && clamped(b) < 0) {
            return real(operator, real(a), real(b));
        }
        try {
            return integer(operator, exact(a), exact(b));
        } catch (ArithmeticException e) {
            throw new JinjaError("integer arithmetic with more than 64 bits is not supported");
        }
    }

    private static long exact(Object integer) {
        return integer instanceof BigInteger big ? big.longValueExact() : clamped(integer);
    }

    private static long integer(Operator operator, long a, long b) {
        return switch (operator) {
            case ADD -> Math.addExact(a, b);
            case SUBTRACT -> Math.subtractExact(a, b);
            case MULTIPLY -> Math.multiplyExact(a, b);
            case FLOOR_DIVIDE -> Math.floorDivExact(a, nonZero(b, "integer division or modulo by zero"));
            case MODULO -> Math.floorMod(a, nonZero(b, "integer modulo by zero"));
            // Powers beyond 64 overflow, or depend on whether the exponent is odd.
            case POWER -> Math.powExact(a, (int) Math.min(b, Long.SIZE + b % 2));
            case DIVIDE -> throw new AssertionError(operator);
        };
    }

    private static long nonZero(long divisor, String message) {
        if (divisor == 0) {
            throw new JinjaError(message);
        }
        return divisor;
    }

    private static double real(Operator operator, double a, double b) {
        return switch (operator) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / nonZero(b, "division by zero");
            case FLOOR_DIVIDE -> floorDivide(a, nonZero(b, "float floor division by zero"));
            case MODULO -> modulo(a, nonZero(b, "float modulo"));
            case POWER -> power(a, b);
        };
    }

    private static double nonZero(double divisor, String message) {
        if (divisor == 0) {
            throw new JinjaError(message);
        }
        return divisor;
    }

    /// `a // b`, rounded towards minus infinity.
    private static double floorDivide(double a, double b) {
        double remainder = a % b;
        double quotient = (a - remainder) / b;
        if (remainder != 0 && remainder < 0 != b < 0) {
            quotient -= 1;
        }
        // The quotient is an integer but for its own rounding.
        double floor = Math.floor(quotient);
        return quotient == 0 ? Math.copySign(0.0, a / b) : quotient - floor > 0.5 ? floor + 1 : floor;
    }

    /// `a % b`, which has the sign of `b`.
    private static double modulo(double a, double b) {
        double remainder = a % b;
        if (remainder == 0) {
            return Math.copySign(0.0, b);
        }
        return remainder < 0 != b < 0 ? remainder + b : remainder;
    }

    private static double power(double base, double exponent) {
        if (base == 0 && exponent < 0) {
            throw new JinjaError("0.0 cannot be raised to a negative power");
        }
        if (base == 1 || base == -1 && Double.isInfinite(exponent)) {
            return 1;
        }
        double power = Math.pow(base, exponent);
        if (Double.isNaN(power) && !Double.isNaN(base) && !Double.isNaN(exponent)) {
            throw new JinjaError("a negative number raised to a fraction is not real");
        }
        if (Double.isInfinite(power) && !Double.isInfinite(base) && !Double.isInfinite(exponent)) {
            throw new JinjaError("(34, 'Numerical result out of range')");
        }
        return power;
    }

    /// `-a`
    public static Object negate(Object a) {
        return a instanceof Double real ? (Object) (-real) : normal(big(a).negate());
    }

    /// The absolute value.
    public static Object absolute(Object a) {
        return a instanceof Double real ? (Object) Math.abs(real) : normal(big(a).abs());
    }

    /// Rounds to a number of decimals (tens, where negative), halves to even, by the exact value of the number.
    public static Object round(Object a, long decimals, Budget budget) {
        int scale = (int) Math.max(-MAX_DIGITS, Math.min(400, decimals));
        chargeDigits(words(a) * 10 + Math.abs(scale), budget);
        if (a instanceof Double real) {
            if (real.isNaN() || real.isInfinite()) {
                return real;
            }
            double rounded = new BigDecimal(real).setScale(scale, RoundingMode.HALF_EVEN).doubleValue();
            return rounded == 0 ? Math.copySign(0.0, real) : rounded;
        }
        return normal(new BigDecimal(big(a)).setScale(Math.min(0, scale), RoundingMode.HALF_EVEN).toBigInteger());
    }
}
