package glia.reason.reward.math;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.reason.reward.math.MathExpr.Interval;
import glia.reason.reward.math.MathExpr.SetOperator;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class MathPropertyTest {
    /// LaTeX of polynomials, quotients and roots in x and y.
    @Provide
    Arbitrary<String> formulas() {
        Arbitrary<String> atoms = Arbitraries.of("x", "y", "2", "3", "\\frac{1}{2}", "\\pi", "\\sqrt{2}", "\\sqrt{6}");
        return Arbitraries.recursive(() -> atoms, inner -> Combinators.combine(inner, atoms, Arbitraries.integers()
                .between(0, 3)).as((a, b, kind) -> switch (kind) {
                    case 0 -> "(" + a + " + " + b + ")";
                    case 1 -> "(" + a + " - " + b + ")";
                    case 2 -> "(" + a + ")(" + b + ")";
                    default -> "\\frac{" + a + "}{" + b + "}";
                }), 0, 4);
    }

    private static boolean same(String a, String b) {
        MathAnswer gold = MathAnswer.find("$" + a + "$").orElseThrow();
        return gold.value().isPresent() && gold.accepts(MathAnswer.find("\\boxed{" + b + "}").orElseThrow());
    }

    @Property(tries = 150)
    void rewritingKeepsTheValue(@ForAll("formulas") String f, @ForAll("formulas") String g) {
        assertTrue(same(f, f), f);
        assertTrue(same("(" + f + ") + (" + g + ")", "(" + g + ") + (" + f + ")"), f + " " + g);
        assertTrue(same("(" + f + ")\\cdot((" + g + ") + 1)", "(" + f + ")(" + g + ") + (" + f + ")"), f + " " + g);
        assertFalse(same(f, "(" + f + ") + \\frac{1}{7}"), f);
    }

    /// The normal form and 60 digits at sample points agree.
    @Property(tries = 100)
    void exactAndNumericComparisonAgree(@ForAll("formulas") String f, @ForAll("formulas") String g) {
        MathExpr a = MathAnswer.find("$" + f + "$").orElseThrow().value().orElseThrow();
        MathExpr b = MathAnswer.find("$" + g + "$").orElseThrow().value().orElseThrow();
        Optional<Fraction> x = Fraction.of(a);
        Optional<Fraction> y = Fraction.of(b);
        if (x.isPresent() && y.isPresent()) {
            assertEquals(Equality.sampled(a, b, BigComplex::isNear), x.get().equivalent(y.get()), f + " " + g);
        }
    }

    @Property(tries = 200)
    void fractionsAreVerifiedAsTheyAreRendered(@ForAll @IntRange(min = -99, max = 99) int n,
            @ForAll @IntRange(min = 1, max = 60) int d, @ForAll @IntRange(min = 1, max = 9) int k) {
        String gold = "\\frac{" + n + "}{" + d + "}";
        assertTrue(same(gold, "\\frac{" + n * k + "}{" + d * k + "}"));
        assertTrue(same(gold, n * k + "/" + d * k));
        assertTrue(same(gold, Rational.of(n, d).toString()));
        assertFalse(same(gold, "\\frac{" + (n * k + 1) + "}{" + d * k + "}"));
        assertTrue(same("\\{" + n + "," + d + ",x\\}", "x, " + d + ", " + n));
    }

    @Provide
    Arbitrary<List<Interval>> intervals() {
        Arbitrary<Interval> one = Combinators.combine(Arbitraries.integers().between(-6, 6),
                Arbitraries.integers().between(1, 5), Arbitraries.of(true, false), Arbitraries.of(true, false))
                .as((low, width, a, b) -> new Interval(MathExpr.of(low), MathExpr.of(low + width), a, b));
        return one.list().ofMaxSize(3);
    }

    private static RealSet set(List<Interval> all) {
        RealSet set = new RealSet(List.of());
        for (Interval one : all) {
            set = RealSet.united(set, new RealSet(List.of(one)));
        }
        return set;
    }

    private static boolean contains(List<Interval> all, double x) {
        return all.stream().anyMatch(i -> {
            double low = RealSet.Order.real(i.low()).orElseThrow().doubleValue();
            double high = RealSet.Order.real(i.high()).orElseThrow().doubleValue();
            return (x > low || x == low && !i.lowOpen()) && (x < high || x == high && !i.highOpen());
        });
    }

    @Property(tries = 100)
    void setsHoldWhatTheirOperationsSay(@ForAll("intervals") List<Interval> a, @ForAll("intervals") List<Interval> b) {
        List<Interval> union = RealSet.united(set(a), set(b)).pieces();
        List<Interval> meet = RealSet.combined(SetOperator.INTERSECTION, set(a), set(b)).pieces();
        List<Interval> rest = RealSet.combined(SetOperator.DIFFERENCE, set(a), set(b)).pieces();
        for (double x = -7; x <= 12; x += 0.5) {
            assertEquals(contains(a, x) || contains(b, x), contains(union, x));
            assertEquals(contains(a, x) && contains(b, x), contains(meet, x));
            assertEquals(contains(a, x) && !contains(b, x), contains(rest, x));
        }
        List<Interval> reversed = new ArrayList<>(a);
        java.util.Collections.reverse(reversed);
        assertTrue(set(a).same(set(reversed)));
    }

    @Property(tries = 60)
    void functionsAgreeWithDoubles(@ForAll @IntRange(min = -4000, max = 4000) int thousandths) {
        double x = thousandths / 1000.0;
        BigComplex big = BigComplex.of(new BigDecimal(x));
        assertEquals(Math.exp(x), big.exp().re().doubleValue(), 1e-14 * Math.exp(x));
        assertEquals(Math.sin(x), big.sin().re().doubleValue(), 1e-15);
        assertEquals(Math.cos(x), big.cos().re().doubleValue(), 1e-15);
        assertEquals(Math.atan(x), big.atan().re().doubleValue(), 1e-15);
        BigComplex turned = big.multiply(BigComplex.I);
        assertEquals(Math.sinh(x), turned.sin().im().doubleValue(), 1e-13 * Math.cosh(x));
        assertEquals(Math.cosh(x), turned.cos().re().doubleValue(), 1e-13 * Math.cosh(x));
        if (x > 0) {
            assertEquals(Math.log(x), big.log().re().doubleValue(), 1e-14);
            assertTrue(big.log().exp().isNear(big));
            assertTrue(big.multiply(BigComplex.I).log().exp().isNear(big.multiply(BigComplex.I)));
        }
    }
}
