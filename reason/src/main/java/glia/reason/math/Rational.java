package glia.reason.math;

import java.math.BigInteger;
import java.util.Optional;

/// An exact fraction in lowest terms.
///
/// @param numerator carries the sign
/// @param denominator positive
public record Rational(BigInteger numerator, BigInteger denominator) implements Comparable<Rational> {
    /// Zero.
    public static final Rational ZERO = of(0);
    /// One.
    public static final Rational ONE = of(1);

    private static final int MAX_CHARACTERS = 1_000;

    /// Reduces to lowest terms.
    ///
    /// @throws ArithmeticException if the denominator is zero
    public Rational {
        if (denominator.signum() == 0) {
            throw new ArithmeticException("division by zero");
        }
        BigInteger gcd = numerator.gcd(denominator);
        if (denominator.signum() < 0) {
            gcd = gcd.negate();
        }
        if (!gcd.equals(BigInteger.ONE)) {
            numerator = numerator.divide(gcd);
            denominator = denominator.divide(gcd);
        }
    }

    /// An integer.
    public static Rational of(long value) {
        return new Rational(BigInteger.valueOf(value), BigInteger.ONE);
    }

    /// The fraction `numerator / denominator`.
    ///
    /// @throws ArithmeticException if the denominator is zero
    public static Rational of(long numerator, long denominator) {
        return new Rational(BigInteger.valueOf(numerator), BigInteger.valueOf(denominator));
    }

    /// Parses an unsigned or signed integer, decimal number or fraction in ASCII: `7`, `-0.25`, `3/4`.
    ///
    /// @return empty if the text is anything else, longer than 1,000 characters, or has the denominator 0
    public static Optional<Rational> parse(String text) {
        if (text.length() > MAX_CHARACTERS) {
            return Optional.empty();
        }
        int slash = text.indexOf('/');
        if (slash < 0) {
            return decimal(text);
        }
        Optional<Rational> bottom = decimal(text.substring(slash + 1));
        return bottom.isEmpty() || bottom.get().signum() == 0 ? Optional.empty()
                : decimal(text.substring(0, slash)).map(top -> top.divide(bottom.get()));
    }

    private static Optional<Rational> decimal(String text) {
        int start = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
        int point = text.indexOf('.');
        String whole = point < 0 ? text.substring(start) : text.substring(start, Math.max(start, point));
        String part = point < 0 ? "" : text.substring(point + 1);
        if (whole.isEmpty() && part.isEmpty() || point >= 0 && part.isEmpty() || !isDigits(whole) || !isDigits(part)) {
            return Optional.empty();
        }
        BigInteger digits = new BigInteger(whole + part);
        return Optional.of(new Rational(text.startsWith("-") ? digits.negate() : digits,
                BigInteger.TEN.pow(part.length())));
    }

    private static boolean isDigits(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return true;
    }

    /// The sum.
    public Rational plus(Rational other) {
        return new Rational(numerator.multiply(other.denominator).add(other.numerator.multiply(denominator)),
                denominator.multiply(other.denominator));
    }

    /// The difference.
    public Rational minus(Rational other) {
        return plus(other.negate());
    }

    /// The product.
    public Rational times(Rational other) {
        return new Rational(numerator.multiply(other.numerator), denominator.multiply(other.denominator));
    }

    /// The quotient.
    ///
    /// @throws ArithmeticException if the other is zero
    public Rational divide(Rational other) {
        return new Rational(numerator.multiply(other.denominator), denominator.multiply(other.numerator));
    }

    /// The negative.
    public Rational negate() {
        return new Rational(numerator.negate(), denominator);
    }

    /// -1, 0 or 1.
    public int signum() {
        return numerator.signum();
    }

    /// Whether the denominator is 1.
    public boolean isInteger() {
        return denominator.equals(BigInteger.ONE);
    }

    /// The bits of the numerator and the denominator together, to bound the size of a computation.
    public int bits() {
        return numerator.bitLength() + denominator.bitLength();
    }

    @Override
    public int compareTo(Rational other) {
        return numerator.multiply(other.denominator).compareTo(other.numerator.multiply(denominator));
    }

    /// `7`, `-3/4`.
    @Override
    public String toString() {
        return isInteger() ? numerator.toString() : numerator + "/" + denominator;
    }
}
