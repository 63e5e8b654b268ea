package glia.jinja.value;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/// Arithmetic on Python's numbers: integers without bounds (a `Long`, or a `BigInteger` where it does not fit),
/// floats, and booleans, which count as 0 and 1.
public final class Numbers {
    /// The most bits an integer may have.
    private static final int MAX_BITS = 1 << 16;
    /// The most decimal digits that are converted, as in Python.
    public static final int MAX_DIGITS = 4300;
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
    static void charge(Object a, Object b, Budget budget) {
        if (a instanceof Long && b instanceof Long) {
            budget.bytes(LONG_BYTES);
            return;
        }
        long words = words(a);
        long others = words(b);
        budget.scan(words * others / WORDS_PER_UNIT + 64);
        budget.bytes(words * others + 8 * (words + others) + BIG_BYTES);
    }

    /// Charges a power of so many bits.
    private static void charge(long bits, Budget budget) {
        long words = bits / Integer.SIZE + 1;
        budget.scan(words * words / WORDS_PER_UNIT);
        budget.bytes(words * words + 64 * words);
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
    public static BigInteger big(Object value) {
        if (value instanceof BigInteger big) {
            return big;
        }
        return BigInteger.valueOf(value instanceof Boolean truth ? (truth ? 1 : 0) : (Long) value);
    }

    /// Any number as a double.
    ///
    /// @throws JinjaError where an integer is too large
    public static double real(Object value) {
        if (value instanceof Double real) {
            return real;
        }
        if (value instanceof Long integer) {
            return integer;
        }
        double real = big(value).doubleValue();
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

    /// `a + b`
    static Object add(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            long sum = x + y;
            return ((x ^ sum) & (y ^ sum)) < 0 ? normal(big(a).add(big(b))) : (Object) sum;
        }
        return isReal(a, b) ? (Object) (real(a) + real(b)) : normal(big(a).add(big(b)));
    }

    /// `a - b`
    static Object subtract(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            long difference = x - y;
            return ((x ^ y) & (x ^ difference)) < 0 ? normal(big(a).subtract(big(b))) : (Object) difference;
        }
        return isReal(a, b) ? (Object) (real(a) - real(b)) : normal(big(a).subtract(big(b)));
    }

    /// `a * b`
    static Object multiply(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            long product = x * y;
            return Math.multiplyHigh(x, y) == product >> Long.SIZE - 1 ? (Object) product
                    : normal(big(a).multiply(big(b)));
        }
        return isReal(a, b) ? (Object) (real(a) * real(b)) : normal(big(a).multiply(big(b)));
    }

    /// `a / b`, a float in every case.
    static Object divide(Object a, Object b) {
        if (isReal(a, b)) {
            double divisor = real(b);
            if (divisor == 0) {
                throw new JinjaError("float division by zero");
            }
            return real(a) / divisor;
        }
        BigInteger divisor = big(b);
        if (divisor.signum() == 0) {
            throw new JinjaError("division by zero");
        }
        if (isExact(a) && isExact(b)) {
            return real(a) / real(b);
        }
        return quotient(big(a), divisor);
    }

    /// The double nearest to the quotient of two integers.
    private static Object quotient(BigInteger a, BigInteger b) {
        int size = a.bitLength() - b.bitLength();
        if (size > Double.MAX_EXPONENT + 1) {
            throw new JinjaError("integer division result too large for a float");
        }
        if (size < Double.MIN_EXPONENT - Double.PRECISION) {
            return a.signum() * b.signum() < 0 ? -0.0 : 0.0;
        }
        // 80 bits of quotient and a sticky one below them round as the exact value does.
        int shift = Math.max(0, 80 - (a.bitLength() - b.bitLength()));
        BigInteger[] parts = a.abs().shiftLeft(shift).divideAndRemainder(b.abs());
        BigInteger scaled = parts[0].shiftLeft(1).or(parts[1].signum() == 0 ? BigInteger.ZERO : BigInteger.ONE);
        BigDecimal value = new BigDecimal(scaled)
                .multiply(new BigDecimal(BigInteger.ONE).divide(new BigDecimal(BigInteger.TWO.pow(shift + 1))));
        double real = value.doubleValue();
        if (Double.isInfinite(real)) {
            throw new JinjaError("integer division result too large for a float");
        }
        return a.signum() * b.signum() < 0 ? -real : real;
    }

    /// `a // b`, rounded towards minus infinity.
    static Object floorDivide(Object a, Object b) {
        if (isReal(a, b)) {
            double divisor = nonZero(real(b), "float floor division by zero");
            double x = real(a);
            double remainder = x % divisor;
            double quotient = (x - remainder) / divisor;
            if (remainder != 0 && remainder < 0 != divisor < 0) {
                quotient -= 1;
            }
            // The quotient is an integer but for its own rounding.
            double floor = Math.floor(quotient);
            return quotient == 0 ? Math.copySign(0.0, x / divisor) : quotient - floor > 0.5 ? floor + 1 : floor;
        }
        if (a instanceof Long x && b instanceof Long y && y != 0 && y != -1) {
            return Math.floorDiv(x, y);
        }
        BigInteger divisor = nonZero(big(b), "integer division or modulo by zero");
        BigInteger[] parts = big(a).divideAndRemainder(divisor);
        boolean below = parts[1].signum() != 0 && parts[1].signum() != divisor.signum();
        return normal(below ? parts[0].subtract(BigInteger.ONE) : parts[0]);
    }

    /// `a % b`, which has the sign of `b`.
    static Object modulo(Object a, Object b) {
        if (isReal(a, b)) {
            double divisor = nonZero(real(b), "float modulo");
            double remainder = real(a) % divisor;
            if (remainder == 0) {
                return Math.copySign(0.0, divisor);
            }
            return remainder < 0 != divisor < 0 ? remainder + divisor : remainder;
        }
        if (a instanceof Long x && b instanceof Long y && y != 0) {
            return Math.floorMod(x, y);
        }
        BigInteger divisor = nonZero(big(b), "integer modulo by zero");
        BigInteger remainder = big(a).mod(divisor.abs());
        return normal(divisor.signum() < 0 && remainder.signum() != 0 ? remainder.add(divisor) : remainder);
    }

    private static double nonZero(double divisor, String message) {
        if (divisor == 0) {
            throw new JinjaError(message);
        }
        return divisor;
    }

    private static BigInteger nonZero(BigInteger divisor, String message) {
        if (divisor.signum() == 0) {
            throw new JinjaError(message);
        }
        return divisor;
    }

    /// `a ** b`; a float where one of them is, or where `b` is negative.
    static Object power(Object a, Object b, Budget budget) {
        if (isReal(a, b) || big(b).signum() < 0) {
            return realPower(real(a), real(b));
        }
        BigInteger base = big(a);
        BigInteger exponent = big(b);
        if (base.abs().bitLength() <= 1) {
            boolean even = !exponent.testBit(0);
            return exponent.signum() == 0 ? (Object) 1L : (Object) (base.signum() < 0 && even ? 1L : base.longValue());
        }
        if (exponent.bitLength() > Integer.SIZE - 1
                || (base.abs().bitLength() - 1L) * exponent.longValue() > MAX_BITS) {
            throw new JinjaError("integer of more than " + MAX_BITS + " bits");
        }
        charge(base.bitLength() * exponent.longValue(), budget);
        return normal(base.pow(exponent.intValue()));
    }

    private static double realPower(double base, double exponent) {
        if (base == 0 && exponent < 0) {
            throw new JinjaError("0.0 cannot be raised to a negative power");
        }
        if (base == 1) {
            return 1;
        }
        if (base == -1 && Double.isInfinite(exponent)) {
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
        if (scale >= 0) {
            return normal(big(a));
        }
        if (-scale > big(a).bitLength()) {
            return 0L;
        }
        return normal(new BigDecimal(big(a)).setScale(scale, RoundingMode.HALF_EVEN).toBigInteger());
    }

    private static boolean isReal(Object a, Object b) {
        return a instanceof Double || b instanceof Double;
    }
}
