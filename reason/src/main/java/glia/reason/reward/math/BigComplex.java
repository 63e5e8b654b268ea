package glia.reason.reward.math;

import java.math.BigDecimal;

/// A complex number of 60 digits.
///
/// @param re the real part
/// @param im the imaginary part
record BigComplex(BigDecimal re, BigDecimal im) {
    static final BigComplex ZERO = of(BigDecimal.ZERO);
    static final BigComplex ONE = of(BigDecimal.ONE);
    static final BigComplex I = new BigComplex(BigDecimal.ZERO, BigDecimal.ONE);
    private static final BigDecimal TINY = new BigDecimal("1e-45");
    private static final BigDecimal NEAR = new BigDecimal("1e-35");
    private static final BigDecimal HALF = new BigDecimal("0.5");

    static BigComplex of(BigDecimal value) {
        return new BigComplex(value, BigDecimal.ZERO);
    }

    static BigComplex of(Rational value) {
        return of(new BigDecimal(value.numerator()).divide(new BigDecimal(value.denominator()), Precise.DIGITS));
    }

    BigComplex add(BigComplex b) {
        return new BigComplex(re.add(b.re, Precise.DIGITS), im.add(b.im, Precise.DIGITS));
    }

    BigComplex negate() {
        return new BigComplex(re.negate(), im.negate());
    }

    BigComplex subtract(BigComplex b) {
        return add(b.negate());
    }

    BigComplex multiply(BigComplex b) {
        if (im.signum() == 0 && b.im.signum() == 0) {
            return of(re.multiply(b.re, Precise.DIGITS));
        }
        return new BigComplex(re.multiply(b.re).subtract(im.multiply(b.im), Precise.DIGITS),
                re.multiply(b.im).add(im.multiply(b.re), Precise.DIGITS));
    }

    /// @throws ArithmeticException if the divisor is zero
    BigComplex divide(BigComplex b) {
        if (b.isZero()) {
            throw new ArithmeticException("division by zero");
        }
        if (im.signum() == 0 && b.im.signum() == 0) {
            return of(re.divide(b.re, Precise.DIGITS));
        }
        BigDecimal norm = b.re.multiply(b.re).add(b.im.multiply(b.im), Precise.DIGITS);
        BigComplex top = multiply(new BigComplex(b.re, b.im.negate()));
        return new BigComplex(top.re.divide(norm, Precise.DIGITS), top.im.divide(norm, Precise.DIGITS));
    }

    /// The absolute value.
    BigDecimal abs() {
        return im.signum() == 0 ? re.abs() : re.multiply(re).add(im.multiply(im)).sqrt(Precise.DIGITS);
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

    BigComplex exp() {
        BigComplex size = of(Precise.exp(re));
        return im.signum() == 0 ? size : size.multiply(new BigComplex(Precise.cos(im), Precise.sin(im)));
    }

    /// The principal value: the imaginary part lies in (−π, π].
    BigComplex log() {
        if (isZero()) {
            throw new ArithmeticException("logarithm of zero");
        }
        return new BigComplex(Precise.log(abs()), im.signum() == 0 && re.signum() > 0 ? BigDecimal.ZERO
                : Precise.atan2(im, re));
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
        return im.signum() == 0 && re.signum() >= 0 ? of(re.sqrt(Precise.DIGITS))
                : im.signum() == 0 ? new BigComplex(BigDecimal.ZERO, re.negate().sqrt(Precise.DIGITS))
                : log().multiply(of(HALF)).exp();
    }

    BigComplex half() {
        return multiply(of(HALF));
    }
}
