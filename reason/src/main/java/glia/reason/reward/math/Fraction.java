package glia.reason.reward.math;

import glia.reason.reward.math.MathExpr.Constant;
import glia.reason.reward.math.MathExpr.Num;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;

/// The normal form of an algebraic expression: a quotient of two polynomials. Two of them are equal exactly if the
/// cross products are.
///
/// @param top the numerator
/// @param bottom the denominator, not zero
record Fraction(Polynomial top, Polynomial bottom) {
    private static final int MAX_EXPONENT = 300;
    private static final int LARGEST_PRIME = 2_000;

    /// The normal form; empty where an expression is not algebraic (functions, symbolic exponents, roots of sums), too
    /// large or undefined.
    static Optional<Fraction> of(MathExpr x) {
        try {
            return Optional.of(convert(x));
        } catch (ArithmeticException e) {
            return Optional.empty();
        }
    }

    private static Fraction of(Polynomial p) {
        return new Fraction(p, Polynomial.ONE);
    }

    private static Fraction convert(MathExpr x) {
        return switch (x) {
            case Num(Rational value, boolean decimal) -> of(Polynomial.of(value));
            case MathExpr.Symbol(String name) -> of(Polynomial.of(name, Rational.ONE));
            case Constant c -> switch (c) {
                case PI -> of(Polynomial.of("\\pi", Rational.ONE));
                case E -> of(Polynomial.of("\\e", Rational.ONE));
                case I -> of(Polynomial.of(Polynomial.I, Rational.ONE));
                case INFINITY -> throw new ArithmeticException("infinity");
            };
            case MathExpr.Sum(List<MathExpr> all) -> all.stream().map(Fraction::convert)
                    .reduce(of(Polynomial.ZERO), Fraction::add);
            case MathExpr.Product(List<MathExpr> all) -> all.stream().map(Fraction::convert)
                    .reduce(of(Polynomial.ONE), Fraction::multiply);
            case MathExpr.Percent(MathExpr number) -> convert(number)
                    .multiply(of(Polynomial.of(Rational.of(1, 100))));
            case MathExpr.Power(MathExpr base, Num(Rational exponent, boolean d)) -> power(convert(base), exponent);
            case MathExpr.Power(MathExpr base, MathExpr exponent) -> power(convert(base), constant(exponent));
            case MathExpr.Call(String name, List<MathExpr> all) when name.equals("factorial") ->
                of(Polynomial.of(factorial(constant(all.getFirst()))));
            default -> throw new ArithmeticException("not algebraic");
        };
    }

    private static Rational constant(MathExpr x) {
        Fraction value = convert(x);
        if (!value.top.isRational() || !value.bottom.isRational()) {
            throw new ArithmeticException("not a rational constant");
        }
        return value.top.rational().divide(value.bottom.rational());
    }

    /// The factorial of an integer of 0 to 2,000.
    ///
    /// @throws ArithmeticException for other numbers
    static Rational factorial(Rational n) {
        if (!n.isInteger() || n.signum() < 0 || n.compareTo(Rational.of(2_000)) > 0) {
            throw new ArithmeticException("a factorial of " + n);
        }
        BigInteger product = BigInteger.ONE;
        for (int i = 2; i <= n.numerator().intValue(); i++) {
            product = product.multiply(BigInteger.valueOf(i));
        }
        return Rational.of(product);
    }

    private Fraction add(Fraction other) {
        return bottom.equals(other.bottom) ? new Fraction(top.add(other.top), bottom)
                : new Fraction(top.multiply(other.bottom).add(other.top.multiply(bottom)),
                        bottom.multiply(other.bottom));
    }

    private Fraction multiply(Fraction other) {
        return new Fraction(top.multiply(other.top), bottom.multiply(other.bottom));
    }

    private static Fraction power(Fraction base, Rational exponent) {
        if (!exponent.isInteger()) {
            return root(base, exponent);
        }
        if (base.top.isRational() && base.bottom.isRational() && exponent.numerator().bitLength() < 31) {
            return of(Polynomial.of(base.top.rational().divide(base.bottom.rational())
                    .pow(exponent.numerator().intValue())));
        }
        if (exponent.abs().compareTo(Rational.of(MAX_EXPONENT)) > 0) {
            throw new ArithmeticException("the exponent " + exponent);
        }
        int n = exponent.numerator().intValue();
        Fraction whole = new Fraction(base.top.pow(Math.abs(n)), base.bottom.pow(Math.abs(n)));
        if (n < 0 && whole.top.isZero()) {
            throw new ArithmeticException("division by zero");
        }
        return n >= 0 ? whole : new Fraction(whole.bottom, whole.top);
    }

    /// A fractional power of a positive number, or of one symbol.
    private static Fraction root(Fraction base, Rational exponent) {
        if (exponent.denominator().bitLength() > 6 || exponent.numerator().bitLength() > 8) {
            throw new ArithmeticException("the exponent " + exponent);
        }
        if (base.top.isRational() && base.bottom.isRational()) {
            Rational value = base.top.rational().divide(base.bottom.rational());
            Polynomial sign = Polynomial.ONE;
            if (value.signum() < 0) {
                if (!exponent.equals(Rational.of(1, 2))) {
                    throw new ArithmeticException("a root of a negative number");
                }
                sign = Polynomial.of(Polynomial.I, Rational.ONE);
            }
            if (value.isZero()) {
                return of(Polynomial.ZERO);
            }
            return of(primes(value.numerator().abs(), exponent).multiply(primes(value.denominator(), exponent.negate()))
                    .multiply(sign));
        }
        boolean symbol = base.bottom.equals(Polynomial.ONE) && base.top.terms().size() == 1
                && base.top.terms().values().iterator().next().equals(Rational.ONE)
                && base.top.terms().keySet().iterator().next().size() == 1
                && base.top.terms().keySet().iterator().next().values().iterator().next().equals(Rational.ONE);
        String name = symbol ? base.top.terms().keySet().iterator().next().keySet().iterator().next() : "";
        if (!symbol || name.startsWith(Polynomial.PRIME) || name.equals(Polynomial.I)) {
            throw new ArithmeticException("a root of a sum");
        }
        return of(Polynomial.of(name, exponent));
    }

    /// nᵃ as a product of powers of primes.
    private static Polynomial primes(BigInteger n, Rational exponent) {
        Polynomial product = Polynomial.ONE;
        BigInteger rest = n;
        for (int p = 2; p <= LARGEST_PRIME && !rest.equals(BigInteger.ONE); p++) {
            BigInteger prime = BigInteger.valueOf(p);
            if (prime.multiply(prime).compareTo(rest) > 0) {
                prime = rest;
            }
            int count = 0;
            while (rest.mod(prime).signum() == 0) {
                rest = rest.divide(prime);
                count++;
                if (rest.equals(BigInteger.ONE)) {
                    break;
                }
            }
            product = count == 0 ? product : product.multiply(Polynomial.of(Polynomial.PRIME + prime,
                    exponent.multiply(Rational.of(count))));
        }
        if (!rest.equals(BigInteger.ONE)) {
            throw new ArithmeticException("a number with large prime factors");
        }
        return product;
    }

    /// Whether both are the same function of their generators.
    ///
    /// @throws ArithmeticException if a product is too large
    boolean equivalent(Fraction other) {
        return top.multiply(other.bottom).add(other.top.multiply(bottom).negate()).isZero();
    }
}
