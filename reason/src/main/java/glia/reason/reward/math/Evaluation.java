package glia.reason.reward.math;

import glia.reason.reward.math.MathExpr.Call;
import glia.reason.reward.math.MathExpr.Constant;
import glia.reason.reward.math.MathExpr.Num;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Computes the value of an expression to 60 digits with given values of its symbols.
///
/// Roots and logarithms are principal values. `log` without base is decimal. A function with an unknown name is some
/// fixed function: equal names and arguments give equal values. The work is bounded: what is too large, undefined
/// or infinite ends in an `ArithmeticException`.
final class Evaluation {
    private static final int MAX_FACTORIAL = 2_000;
    private static final int MAX_TERMS = 10_000;
    private static final int MAX_POWER = 100_000;
    private static final int MAX_STEPS = 30_000;
    private static final MathContext SHORT = new MathContext(25, RoundingMode.HALF_EVEN);

    private final Map<String, BigComplex> symbols;
    private int steps;

    /// @param symbols the values of symbols by name
    Evaluation(Map<String, BigComplex> symbols) {
        this.symbols = new HashMap<>(symbols);
    }

    /// @throws ArithmeticException if the value is undefined, infinite or too large, or a symbol has no value
    BigComplex of(MathExpr x) {
        if (++steps > MAX_STEPS) {
            throw new ArithmeticException("an expression of more than " + MAX_STEPS + " operations");
        }
        return switch (x) {
            case Num(Rational value, boolean decimal) -> BigComplex.of(value);
            case MathExpr.Symbol(String name) -> symbol(name);
            case Constant c -> switch (c) {
                case PI -> BigComplex.PI;
                case E -> BigComplex.ONE.exp();
                case I -> BigComplex.I;
                case INFINITY -> throw new ArithmeticException("infinity");
            };
            case MathExpr.Sum(List<MathExpr> terms) -> terms.stream().map(this::of)
                    .reduce(BigComplex.ZERO, BigComplex::add);
            case MathExpr.Product(List<MathExpr> factors) -> factors.stream().map(this::of)
                    .reduce(BigComplex.ONE, BigComplex::multiply);
            case MathExpr.Power(MathExpr base, MathExpr exponent) -> power(of(base), exponent);
            case MathExpr.Percent(MathExpr number) -> of(number).divide(BigComplex.of(new BigDecimal(100)));
            case Call(String function, List<MathExpr> arguments) -> call(function, arguments);
            default -> throw new ArithmeticException("not a number: " + x.getClass().getSimpleName());
        };
    }

    private BigComplex symbol(String name) {
        BigComplex value = symbols.get(name);
        if (value == null) {
            throw new ArithmeticException("the symbol " + name + " has no value");
        }
        return value;
    }

    private BigComplex power(BigComplex base, MathExpr exponent) {
        if (exponent instanceof Num(Rational n, boolean d)) {
            if (n.isInteger() && n.abs().compareTo(Rational.of(MAX_POWER)) <= 0) {
                return power(base, n.numerator().intValue());
            }
            if (n.equals(Rational.of(1, 2))) {
                return base.sqrt();
            }
            // The real root of a negative number, as in school: ∛−8 = −2.
            if (base.im().signum() == 0 && base.re().signum() < 0 && n.denominator().testBit(0)) {
                BigComplex size = base.negate().pow(BigComplex.of(n));
                return n.numerator().testBit(0) ? size.negate() : size;
            }
        }
        BigComplex value = of(exponent);
        if (value.isReal() && value.re().abs().compareTo(BigDecimal.valueOf(MAX_POWER)) <= 0
                && value.re().stripTrailingZeros().scale() <= 0) {
            return power(base, value.re().intValueExact());
        }
        return base.pow(value);
    }

    private static BigComplex power(BigComplex base, int exponent) {
        if (base.im().signum() == 0) {
            if (base.re().signum() == 0 && exponent <= 0) {
                throw new ArithmeticException("zero to a power that is not positive");
            }
            BigDecimal power = base.re().pow(Math.abs(exponent), BigComplex.DIGITS);
            return exponent >= 0 ? BigComplex.of(power) : BigComplex.ONE.divide(BigComplex.of(power));
        }
        BigComplex result = BigComplex.ONE;
        BigComplex square = base;
        for (int n = Math.abs(exponent); n > 0; n >>= 1) {
            result = (n & 1) == 1 ? result.multiply(square) : result;
            square = square.multiply(square);
        }
        return exponent >= 0 ? result : BigComplex.ONE.divide(result);
    }

    private BigComplex call(String function, List<MathExpr> arguments) {
        if (function.equals("sum") || function.equals("prod")) {
            return series(function, arguments);
        }
        List<BigComplex> values = arguments.stream().map(this::of).toList();
        BigComplex z = values.getFirst();
        return switch (function) {
            case "sin" -> z.sin();
            case "cos" -> z.cos();
            case "tan" -> z.sin().divide(z.cos());
            case "cot" -> z.cos().divide(z.sin());
            case "sec" -> BigComplex.ONE.divide(z.cos());
            case "csc" -> BigComplex.ONE.divide(z.sin());
            case "asin" -> z.asin();
            case "acos" -> BigComplex.PI.half().subtract(z.asin());
            case "atan" -> z.atan();
            case "sinh" -> z.exp().subtract(z.negate().exp()).half();
            case "cosh" -> z.exp().add(z.negate().exp()).half();
            case "tanh" -> z.exp().subtract(z.negate().exp()).divide(z.exp().add(z.negate().exp()));
            case "exp" -> z.exp();
            case "ln" -> z.log();
            case "log" -> z.log().divide(values.get(1).log());
            case "abs" -> BigComplex.of(z.abs());
            case "re" -> BigComplex.of(z.re());
            case "im" -> BigComplex.of(z.im());
            case "floor" -> rounded(z, RoundingMode.FLOOR);
            case "ceil" -> rounded(z, RoundingMode.CEILING);
            case "mod" -> z.subtract(rounded(z.divide(values.get(1)), RoundingMode.FLOOR).multiply(values.get(1)));
            case "factorial" -> BigComplex.of(Fraction.factorial(Rational.of(integer(z))));
            case "binomial" -> binomial(values);
            case "gcd" -> BigComplex.of(Rational.of(values.stream().map(Evaluation::integer)
                    .reduce(BigInteger.ZERO, BigInteger::gcd)));
            case "lcm" -> BigComplex.of(Rational.of(values.stream().map(Evaluation::integer)
                    .reduce(BigInteger.ONE, (a, b) -> a.multiply(b).abs().divide(a.gcd(b).max(BigInteger.ONE)))));
            case "max" -> BigComplex.of(values.stream().map(Evaluation::real).max(BigDecimal::compareTo).orElseThrow());
            case "min" -> BigComplex.of(values.stream().map(Evaluation::real).min(BigDecimal::compareTo).orElseThrow());
            default -> unknown(function, values);
        };
    }

    private static BigDecimal real(BigComplex z) {
        if (!z.isReal()) {
            throw new ArithmeticException("not real");
        }
        return z.re();
    }

    private static BigInteger integer(BigComplex z) {
        BigDecimal x = real(z);
        if (x.stripTrailingZeros().scale() > 0 || x.precision() - x.scale() > BigComplex.DIGITS.getPrecision()) {
            throw new ArithmeticException("not an integer");
        }
        return x.toBigInteger();
    }

    private static BigComplex rounded(BigComplex z, RoundingMode mode) {
        BigDecimal x = real(z);
        // 2.9999… of rounding errors counts as 3.
        BigDecimal near = x.round(new MathContext(45, RoundingMode.HALF_EVEN));
        return BigComplex.of(near.setScale(0, mode));
    }

    private static BigComplex binomial(List<BigComplex> values) {
        BigInteger k = integer(values.get(1));
        if (k.signum() < 0 || k.compareTo(BigInteger.valueOf(MAX_FACTORIAL)) > 0) {
            throw new ArithmeticException("a binomial coefficient beyond " + MAX_FACTORIAL);
        }
        BigComplex product = BigComplex.ONE;
        for (int i = 0; i < k.intValue(); i++) {
            product = product.multiply(values.getFirst().subtract(BigComplex.of(new BigDecimal(i))))
                    .divide(BigComplex.of(new BigDecimal(i + 1)));
        }
        return product;
    }

    private BigComplex series(String kind, List<MathExpr> arguments) {
        BigInteger from = integer(of(arguments.get(2)));
        BigInteger to = integer(of(arguments.get(3)));
        if (to.subtract(from).compareTo(BigInteger.valueOf(MAX_TERMS)) > 0) {
            throw new ArithmeticException("a series of more than " + MAX_TERMS + " terms");
        }
        String name = ((MathExpr.Symbol) arguments.get(1)).name();
        MathExpr body = name.equals("i") ? replaced(arguments.getFirst()) : arguments.getFirst();
        BigComplex outer = symbols.get(name);
        BigComplex result = kind.equals("sum") ? BigComplex.ZERO : BigComplex.ONE;
        for (BigInteger n = from; n.compareTo(to) <= 0; n = n.add(BigInteger.ONE)) {
            symbols.put(name, BigComplex.of(Rational.of(n)));
            BigComplex term = of(body);
            result = kind.equals("sum") ? result.add(term) : result.multiply(term);
        }
        symbols.put(name, outer);
        return result;
    }

    /// The body of a series over i, where i is no imaginary unit.
    private static MathExpr replaced(MathExpr x) {
        return switch (x) {
            case Constant c when c == Constant.I -> new MathExpr.Symbol("i");
            case MathExpr.Sum(List<MathExpr> all) -> new MathExpr.Sum(all.stream().map(Evaluation::replaced).toList());
            case MathExpr.Product(List<MathExpr> all) ->
                new MathExpr.Product(all.stream().map(Evaluation::replaced).toList());
            case MathExpr.Power(MathExpr base, MathExpr exponent) ->
                new MathExpr.Power(replaced(base), replaced(exponent));
            case Call(String function, List<MathExpr> all) ->
                new Call(function, all.stream().map(Evaluation::replaced).toList());
            default -> x;
        };
    }

    private static BigComplex unknown(String function, List<BigComplex> values) {
        int hash = function.hashCode();
        for (BigComplex z : values) {
            hash = hash * 31 + z.re().round(SHORT).stripTrailingZeros().hashCode();
            hash = hash * 31 + z.im().round(SHORT).stripTrailingZeros().hashCode();
        }
        return BigComplex.of(new BigDecimal(Integer.toUnsignedLong(hash * 0x9E3779B9)).scaleByPowerOfTen(-9)
                .add(BigDecimal.ONE));
    }
}
