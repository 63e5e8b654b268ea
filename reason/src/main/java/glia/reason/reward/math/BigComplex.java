package glia.reason.reward.math;

import ch.obermuhlner.math.big.BigDecimalMath;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/// A complex number of 60 digits.
///
/// @param re the real part
/// @param im the imaginary part
record BigComplex(BigDecimal re, BigDecimal im) {
    static final MathContext DIGITS = new MathContext(60, RoundingMode.HALF_EVEN);
    static final BigComplex ZERO = of(BigDecimal.ZERO);
    static final BigComplex ONE = of(BigDecimal.ONE);
    static final BigComplex I = new BigComplex(BigDecimal.ZERO, BigDecimal.ONE);
    static final BigComplex PI = of(BigDecimalMath.pi(DIGITS));
    private static final BigDecimal MAX_EXPONENT = new BigDecimal(100_000);
    private static final BigDecimal MAX_ANGLE = new BigDecimal("1e12");
    private static final BigDecimal TINY = new BigDecimal("1e-45");
    private static final BigDecimal NEAR = new BigDecimal("1e-35");
    private static final BigDecimal HALF = new BigDecimal("0.5");

    static BigComplex of(BigDecimal value) {
        return new BigComplex(value, BigDecimal.ZERO);
    }

    static BigComplex of(Rational value) {
        return of(new BigDecimal(value.numerator()).divide(new BigDecimal(value.denominator()), DIGITS));
    }

    BigComplex add(BigComplex b) {
        return new BigComplex(re.add(b.re, DIGITS), im.add(b.im, DIGITS));
    }

    BigComplex negate() {
        return new BigComplex(re.negate(), im.negate());
    }

    BigComplex subtract(BigComplex b) {
        return add(b.negate());
    }

    BigComplex multiply(BigComplex b) {
        if (im.signum() == 0 && b.im.signum() == 0) {
            return of(re.multiply(b.re, DIGITS));
        }
        return new BigComplex(re.multiply(b.re).subtract(im.multiply(b.im), DIGITS),
                re.multiply(b.im).add(im.multiply(b.re), DIGITS));
    }

    /// @throws ArithmeticException if the divisor is zero
    BigComplex divide(BigComplex b) {
        if (b.isZero()) {
            throw new ArithmeticException("division by zero");
        }
        if (im.signum() == 0 && b.im.signum() == 0) {
            return of(re.divide(b.re, DIGITS));
        }
        BigDecimal norm = b.re.multiply(b.re).add(b.im.multiply(b.im), DIGITS);
        BigComplex top = multiply(new BigComplex(b.re, b.im.negate()));
        return new BigComplex(top.re.divide(norm, DIGITS), top.im.divide(norm, DIGITS));
    }

    /// The absolute value.
    BigDecimal abs() {
        return im.signum() == 0 ? re.abs() : re.multiply(re).add(im.multiply(im)).sqrt(DIGITS);
    }

    /// Whether both parts are below 1e-45, as after cancellation.
    boolean isZero() {
        return re.abs().compareTo(TINY) < 0 && im.abs().compareTo(TINY) < 0;
    }

    /// Whether the imaginary part is zero but for rounding.
    boolean isReal() {
        return im.signum() == 0 || im.abs().compareTo(TINY) < 0
                || im.abs().compareTo(re.abs().multiply(NEAR)) < 0;
    }

    /// Whether the difference from another number is within 1e-35 of the larger one, or both are zero.
    boolean isNear(BigComplex b) {
        BigDecimal scale = abs().max(b.abs());
        return scale.compareTo(TINY) < 0 || subtract(b).abs().compareTo(scale.multiply(NEAR)) <= 0;
    }

    /// @throws ArithmeticException if a part is beyond 100,000
    BigComplex exp() {
        BigComplex size = of(BigDecimalMath.exp(bounded(re, MAX_EXPONENT), DIGITS));
        return im.signum() == 0 ? size : size.multiply(new BigComplex(of(im).cos().re, of(im).sin().re));
    }

    private static BigDecimal bounded(BigDecimal x, BigDecimal most) {
        if (x.abs().compareTo(most) > 0) {
            throw new ArithmeticException("an argument beyond " + most);
        }
        return x;
    }

    /// The principal value: the imaginary part lies in (−π, π].
    BigComplex log() {
        BigDecimal size = abs();
        if (isZero() || Math.abs((long) size.precision() - size.scale()) > MAX_EXPONENT.intValue()) {
            throw new ArithmeticException("a logarithm of zero or of a number of too many digits");
        }
        return new BigComplex(BigDecimalMath.log(size, DIGITS), im.signum() == 0 && re.signum() > 0 ? BigDecimal.ZERO
                : BigDecimalMath.atan2(im, re, DIGITS));
    }

    BigComplex sin() {
        if (im.signum() == 0) {
            return of(BigDecimalMath.sin(bounded(re, MAX_ANGLE), DIGITS));
        }
        BigComplex z = multiply(I);
        return z.exp().subtract(z.negate().exp()).divide(I.add(I));
    }

    BigComplex cos() {
        if (im.signum() == 0) {
            return of(BigDecimalMath.cos(bounded(re, MAX_ANGLE), DIGITS));
        }
        BigComplex z = multiply(I);
        return z.exp().add(z.negate().exp()).half();
    }

    /// −i·log(iz + √(1 − z²)).
    BigComplex asin() {
        return multiply(I).add(ONE.subtract(multiply(this)).sqrt()).log().multiply(I).negate();
    }

    /// (i/2)·(log(1 − iz) − log(1 + iz)).
    BigComplex atan() {
        if (im.signum() == 0) {
            return of(BigDecimalMath.atan(re, DIGITS));
        }
        BigComplex z = multiply(I);
        return ONE.subtract(z).log().subtract(ONE.add(z).log()).multiply(I).half();
    }

    BigComplex pow(BigComplex exponent) {
        if (isZero()) {
            if (exponent.re.signum() > 0) {
                return ZERO;
            }
            throw new ArithmeticException("zero to a power that is not positive");
        }
        return exponent.multiply(log()).exp();
    }

    BigComplex sqrt() {
        return im.signum() == 0 && re.signum() >= 0 ? of(re.sqrt(DIGITS))
                : im.signum() == 0 ? new BigComplex(BigDecimal.ZERO, re.negate().sqrt(DIGITS))
                : log().multiply(of(HALF)).exp();
    }

    BigComplex half() {
        return multiply(of(HALF));
    }
}
