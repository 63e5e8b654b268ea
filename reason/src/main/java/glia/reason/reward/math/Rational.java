package glia.reason.reward.math;

import java.math.BigInteger;

/// An exact fraction in lowest terms with a positive denominator.
///
/// Sizes are bounded, so that hostile inputs such as `9^9^9` end in an exception instead of hours of arithmetic.
///
/// @param numerator the numerator, with the sign
/// @param denominator the denominator, at least 1 and coprime to the numerator
public record Rational(BigInteger numerator, BigInteger denominator) implements Comparable<Rational> {
    /// The largest size of a numerator or denominator, in bits.
    public static final int MAX_BITS = 1 << 16;
    /// The largest number of digits that are parsed.
    public static final int MAX_DIGITS = 10_000;

    public static final Rational ZERO = of(0);
    public static final Rational ONE = of(1);

    /// @throws ArithmeticException if the denominator is zero or a part is larger than [#MAX_BITS]
    public Rational {
        if (denominator.signum() == 0) {
            throw new ArithmeticException("division by zero");
        }
        if (numerator.bitLength() > MAX_BITS || denominator.bitLength() > MAX_BITS) {
            throw new ArithmeticException("a number of more than " + MAX_BITS + " bits");
        }
        if (!denominator.equals(BigInteger.ONE)) {
            BigInteger divisor = numerator.gcd(denominator);
            divisor = denominator.signum() < 0 ? divisor.negate() : divisor;
            if (!divisor.equals(BigInteger.ONE)) {
                numerator = numerator.divide(divisor);
                denominator = denominator.divide(divisor);
            }
        }
    }

    public static Rational of(long value) {
        return of(BigInteger.valueOf(value));
    }

    public static Rational of(long numerator, long denominator) {
        return new Rational(BigInteger.valueOf(numerator), BigInteger.valueOf(denominator));
    }

    public static Rational of(BigInteger value) {
        return new Rational(value, BigInteger.ONE);
    }

    /// Reads `-12`, `0.125`, `.5`, `3.` or `1.5e-3`.
    ///
    /// @throws NumberFormatException if the text is something else
    /// @throws ArithmeticException if it has more than [#MAX_DIGITS] digits or a larger exponent than that
    public static Rational parse(String text) {
        int e = Math.max(text.indexOf('e'), text.indexOf('E'));
        String digits = e < 0 ? text : text.substring(0, e);
        int exponent = e < 0 ? 0 : exponent(text.substring(e + 1));
        int point = digits.indexOf('.');
        if (text.length() > MAX_DIGITS) {
            throw new ArithmeticException("a number of more than " + MAX_DIGITS + " digits");
        }
        if (point >= 0) {
            exponent -= digits.length() - point - 1;
            digits = digits.substring(0, point) + digits.substring(point + 1);
        }
        boolean plain = !digits.isEmpty();
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            plain &= c >= '0' && c <= '9' || i == 0 && digits.length() > 1 && (c == '-' || c == '+');
        }
        if (!plain) {
            throw new NumberFormatException("'" + (text.length() > 40 ? text.substring(0, 40) + "…" : text)
                    + "' is no number");
        }
        BigInteger value = new BigInteger(digits);
        BigInteger scale = BigInteger.TEN.pow(Math.abs(exponent));
        return exponent >= 0 ? of(value.multiply(scale)) : new Rational(value, scale);
    }

    private static int exponent(String text) {
        int value = Integer.parseInt(text);
        if (Math.abs((long) value) > MAX_DIGITS) {
            throw new ArithmeticException("an exponent beyond " + MAX_DIGITS);
        }
        return value;
    }

    public Rational add(Rational other) {
        return new Rational(numerator.multiply(other.denominator).add(other.numerator.multiply(denominator)),
                denominator.multiply(other.denominator));
    }

    public Rational subtract(Rational other) {
        return add(other.negate());
    }

    public Rational multiply(Rational other) {
        return new Rational(numerator.multiply(other.numerator), denominator.multiply(other.denominator));
    }

    /// @throws ArithmeticException if the divisor is zero
    public Rational divide(Rational other) {
        return new Rational(numerator.multiply(other.denominator), denominator.multiply(other.numerator));
    }

    public Rational negate() {
        return new Rational(numerator.negate(), denominator);
    }

    public Rational abs() {
        return signum() < 0 ? negate() : this;
    }

    /// An integer power.
    ///
    /// @throws ArithmeticException if the result would be larger than [#MAX_BITS], or for zero to a negative power
    public Rational pow(int exponent) {
        long bits = (long) Math.max(numerator.abs().subtract(BigInteger.ONE).bitLength(),
                denominator.subtract(BigInteger.ONE).bitLength()) * Math.abs((long) exponent);
        if (bits > MAX_BITS) {
            throw new ArithmeticException("a power of more than " + MAX_BITS + " bits");
        }
        // Within the limit, an exponent is large only for bases 0, 1 and -1.
        int size = bits == 0 ? Math.abs(exponent % 2) + (exponent == 0 ? 0 : 2) : Math.abs(exponent);
        Rational power = new Rational(numerator.pow(size), denominator.pow(size));
        return exponent < 0 ? ONE.divide(power) : power;
    }

    public int signum() {
        return numerator.signum();
    }

    public boolean isZero() {
        return numerator.signum() == 0;
    }

    public boolean isInteger() {
        return denominator.equals(BigInteger.ONE);
    }

    /// The nearest double.
    public double doubleValue() {
        int shift = numerator.bitLength() - denominator.bitLength();
        if (numerator.signum() == 0) {
            return 0;
        }
        // 64 bits of quotient, then one rounding.
        int scale = 64 - shift;
        BigInteger quotient = scale >= 0 ? numerator.shiftLeft(scale).divide(denominator)
                : numerator.divide(denominator.shiftLeft(-scale));
        return Math.scalb(quotient.doubleValue(), Math.max(-5000, Math.min(5000, -scale)));
    }

    @Override
    public int compareTo(Rational other) {
        return numerator.multiply(other.denominator).compareTo(other.numerator.multiply(denominator));
    }

    @Override
    public String toString() {
        return isInteger() ? numerator.toString() : numerator + "/" + denominator;
    }
}
