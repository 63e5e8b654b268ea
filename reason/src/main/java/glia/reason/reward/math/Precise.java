package glia.reason.reward.math;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;

/// Elementary functions of real numbers to 60 digits. Arguments beyond their limits end in an `ArithmeticException`.
final class Precise {
    /// The precision of results.
    static final MathContext DIGITS = new MathContext(60, RoundingMode.HALF_EVEN);
    private static final MathContext INNER = new MathContext(75, RoundingMode.HALF_EVEN);
    private static final BigDecimal EPSILON = new BigDecimal("1e-72");
    private static final BigDecimal TWO = BigDecimal.TWO;
    private static final BigDecimal MAX_EXPONENT = new BigDecimal(100_000);
    private static final BigDecimal MAX_ANGLE = new BigDecimal("1e12");
    private static final int HALVINGS = 8;

    static final BigDecimal PI = pi();
    private static final BigDecimal LN_2 = logNearOne(TWO);

    private Precise() { }

    /// Machin: π = 16 atan(1/5) − 4 atan(1/239).
    private static BigDecimal pi() {
        BigDecimal fifth = atanSeries(BigDecimal.ONE.divide(new BigDecimal(5), INNER));
        BigDecimal other = atanSeries(BigDecimal.ONE.divide(new BigDecimal(239), INNER));
        return fifth.multiply(new BigDecimal(16)).subtract(other.multiply(new BigDecimal(4)), INNER);
    }

    /// eˣ for |x| of at most 100,000.
    static BigDecimal exp(BigDecimal x) {
        if (x.abs().compareTo(MAX_EXPONENT) > 0) {
            throw new ArithmeticException("an exponent beyond " + MAX_EXPONENT);
        }
        BigInteger twos = x.divide(LN_2, INNER).setScale(0, RoundingMode.HALF_EVEN).toBigInteger();
        BigDecimal rest = x.subtract(LN_2.multiply(new BigDecimal(twos)), INNER)
                .divide(new BigDecimal(1 << HALVINGS), INNER);
        BigDecimal sum = BigDecimal.ONE;
        BigDecimal term = BigDecimal.ONE;
        for (int n = 1; term.abs().compareTo(EPSILON) > 0; n++) {
            term = term.multiply(rest, INNER).divide(new BigDecimal(n), INNER);
            sum = sum.add(term, INNER);
        }
        for (int i = 0; i < HALVINGS; i++) {
            sum = sum.multiply(sum, INNER);
        }
        int power = twos.intValueExact();
        BigDecimal scale = TWO.pow(Math.abs(power), INNER);
        return power >= 0 ? sum.multiply(scale, DIGITS) : sum.divide(scale, DIGITS);
    }

    /// The natural logarithm of a positive number: x = m·2ᵏ with m near 1.
    static BigDecimal log(BigDecimal x) {
        long digits = (long) x.precision() - x.scale();
        if (Math.abs(digits) > 100_000) {
            throw new ArithmeticException("a logarithm of a number of " + digits + " digits");
        }
        int twos = (int) Math.round(digits * 3.321928094887362) - 1;
        BigDecimal scale = TWO.pow(Math.abs(twos), INNER);
        BigDecimal mantissa = twos >= 0 ? x.divide(scale, INNER) : x.multiply(scale, INNER);
        return logNearOne(mantissa).add(LN_2.multiply(new BigDecimal(twos)), DIGITS);
    }

    /// Takes square roots until the number is near 1, then 2 atanh((m − 1) / (m + 1)).
    private static BigDecimal logNearOne(BigDecimal m) {
        BigDecimal root = m;
        int roots = 0;
        while (root.subtract(BigDecimal.ONE).abs().compareTo(new BigDecimal("0.1")) > 0) {
            root = root.sqrt(INNER);
            roots++;
        }
        BigDecimal t = root.subtract(BigDecimal.ONE).divide(root.add(BigDecimal.ONE), INNER);
        BigDecimal square = t.multiply(t, INNER);
        BigDecimal sum = BigDecimal.ZERO;
        for (int n = 1; t.abs().compareTo(EPSILON) > 0; n += 2) {
            sum = sum.add(t.divide(new BigDecimal(n), INNER), INNER);
            t = t.multiply(square, INNER);
        }
        return sum.multiply(TWO.pow(roots + 1), INNER);
    }

    static BigDecimal sin(BigDecimal x) {
        BigDecimal angle = reduced(x);
        return series(angle, angle, 1);
    }

    static BigDecimal cos(BigDecimal x) {
        return series(BigDecimal.ONE, reduced(x), 0);
    }

    /// The angle in [−π, π].
    private static BigDecimal reduced(BigDecimal x) {
        if (x.abs().compareTo(MAX_ANGLE) > 0) {
            throw new ArithmeticException("an angle beyond " + MAX_ANGLE);
        }
        BigDecimal turns = x.divide(PI.multiply(TWO), INNER).setScale(0, RoundingMode.HALF_EVEN);
        return x.subtract(PI.multiply(TWO).multiply(turns), INNER);
    }

    /// t − t·x²/((k+1)(k+2)) + …, where k is the degree of the first term t.
    private static BigDecimal series(BigDecimal first, BigDecimal x, int degree) {
        BigDecimal square = x.multiply(x, INNER);
        BigDecimal sum = first;
        BigDecimal term = first;
        for (int k = degree; term.abs().compareTo(EPSILON) > 0; k += 2) {
            term = term.multiply(square, INNER).divide(new BigDecimal((k + 1) * (k + 2)), INNER).negate();
            sum = sum.add(term, INNER);
        }
        return sum.round(DIGITS);
    }

    static BigDecimal atan(BigDecimal x) {
        BigDecimal reduced = x;
        int halvings = 0;
        while (reduced.abs().compareTo(new BigDecimal("0.1")) > 0) {
            // atan x = 2 atan(x / (1 + √(1 + x²)))
            reduced = reduced.divide(BigDecimal.ONE.add(BigDecimal.ONE.add(reduced.multiply(reduced, INNER))
                    .sqrt(INNER)), INNER);
            halvings++;
        }
        return atanSeries(reduced).multiply(TWO.pow(halvings), DIGITS);
    }

    private static BigDecimal atanSeries(BigDecimal x) {
        BigDecimal square = x.multiply(x, INNER).negate();
        BigDecimal sum = BigDecimal.ZERO;
        BigDecimal power = x;
        for (int n = 1; power.abs().compareTo(EPSILON) > 0; n += 2) {
            sum = sum.add(power.divide(new BigDecimal(n), INNER), INNER);
            power = power.multiply(square, INNER);
        }
        return sum;
    }

    /// The angle of the point (x, y) in (−π, π].
    static BigDecimal atan2(BigDecimal y, BigDecimal x) {
        if (x.signum() == 0) {
            return PI.divide(new BigDecimal(2 * y.signum()), DIGITS);
        }
        BigDecimal angle = atan(y.divide(x, INNER));
        return x.signum() > 0 ? angle.round(DIGITS) : y.signum() >= 0 ? angle.add(PI, DIGITS)
                : angle.subtract(PI, DIGITS);
    }
}
