package glia.reason.reward.math;

import glia.reason.reward.math.MathExpr.Num;
import glia.reason.reward.math.MathExpr.Percent;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/// Equality of two scalar expressions.
///
/// Algebraic expressions are compared exactly by their normal forms. All others are compared to 60 digits, at
/// [#POINTS] fixed pseudo-random points if they have symbols; equal functions agree at all of them, and different ones
/// agree at none but by an accident of probability zero. Where fewer than three points have a value, they are not
/// equal.
final class Equality {
    static final int POINTS = 7;
    private static final int MIN_POINTS = 3;
    private static final int MAX_INTEGER = 20;
    private static final int ROUNDED_PLACES = 6;
    private static final BigDecimal SHARE = new BigDecimal("1e-3");

    private Equality() { }

    /// Whether two scalars are equal functions of their symbols.
    static boolean scalars(MathExpr a, MathExpr b) {
        if (a.equals(b)) {
            return true;
        }
        Optional<Fraction> x = Fraction.of(a);
        Optional<Fraction> y = Fraction.of(b);
        if (x.isPresent() && y.isPresent()) {
            try {
                return x.get().equivalent(y.get());
            } catch (ArithmeticException e) {
                return sampled(a, b, BigComplex::isNear);
            }
        }
        return sampled(a, b, BigComplex::isNear);
    }

    /// A comparison of two values.
    @FunctionalInterface
    interface Test {
        boolean holds(BigComplex a, BigComplex b);
    }

    /// Whether a test holds at every sample point where both sides have values, of which there are enough.
    static boolean sampled(MathExpr a, MathExpr b, Test test) {
        int[] defined = {0};
        return sampled(a, b, test, false, defined)
                // n!/(n-1)! has values at integers only.
                || defined[0] == 0 && sampled(a, b, test, true, defined);
    }

    /// @param defined receives the number of points that have values
    private static boolean sampled(MathExpr a, MathExpr b, Test test, boolean integers, int[] defined) {
        Set<String> names = new TreeSet<>(Symbols.in(a));
        names.addAll(Symbols.in(b));
        Random random = new Random(names.hashCode());
        int points = names.isEmpty() ? 1 : POINTS;
        for (int i = 0; i < points; i++) {
            Map<String, BigComplex> values = new HashMap<>();
            // Half of the points have negative values, too.
            for (String name : names) {
                double value = integers ? 2 + random.nextInt(MAX_INTEGER)
                        : (0.3 + 3 * random.nextDouble()) * (i % 2 == 1 && random.nextBoolean() ? -1 : 1);
                values.put(name, BigComplex.of(new BigDecimal(value)));
            }
            try {
                BigComplex x = new Evaluation(values).of(a);
                BigComplex y = new Evaluation(values).of(b);
                defined[0]++;
                if (!test.holds(x, y)) {
                    return false;
                }
            } catch (ArithmeticException e) {
                // This point has no value, as a logarithm at zero.
                continue;
            }
        }
        return defined[0] >= Math.min(points, MIN_POINTS);
    }

    /// Whether an answer is the expected one. Besides [equal scalars][#scalars], a decimal equals what rounds to the
    /// same 6 decimal places, unless that is an integer; a percentage equals its number and its fraction.
    static boolean answers(MathExpr gold, MathExpr answer) {
        if (scalars(gold, answer)) {
            return true;
        }
        if (gold instanceof Percent(MathExpr number) && !(answer instanceof Percent) && isNumber(answer)) {
            return answers(number, answer) || rounded(gold, answer);
        }
        if (answer instanceof Percent(MathExpr number) && !(gold instanceof Percent) && isNumber(gold)) {
            return answers(gold, number) || rounded(gold, answer);
        }
        return rounded(gold, answer);
    }

    private static boolean isNumber(MathExpr x) {
        return x instanceof Num || x instanceof MathExpr.Product && Symbols.in(x).isEmpty();
    }

    private static boolean isDecimal(MathExpr x) {
        MathExpr number = x instanceof Percent(MathExpr inner) ? inner : x;
        return number instanceof Num n && n.decimal();
    }

    private static boolean rounded(MathExpr a, MathExpr b) {
        if (!isDecimal(a) && !isDecimal(b)) {
            return false;
        }
        Optional<BigDecimal> x = RealSet.Order.real(a);
        Optional<BigDecimal> y = RealSet.Order.real(b);
        if (x.isEmpty() || y.isEmpty() || isInteger(x.get()) && !isDecimal(a) || isInteger(y.get()) && !isDecimal(b)) {
            return false;
        }
        BigDecimal left = x.get().setScale(ROUNDED_PLACES, RoundingMode.HALF_EVEN);
        BigDecimal right = y.get().setScale(ROUNDED_PLACES, RoundingMode.HALF_EVEN);
        return left.compareTo(right) == 0 && x.get().subtract(y.get()).abs()
                .compareTo(x.get().abs().max(y.get().abs()).multiply(SHARE)) <= 0;
    }

    private static boolean isInteger(BigDecimal x) {
        return x.signum() == 0 || x.stripTrailingZeros().scale() <= 0;
    }
}
