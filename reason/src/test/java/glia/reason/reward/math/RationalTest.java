package glia.reason.reward.math;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RationalTest {
    @Provide
    Arbitrary<Rational> rationals() {
        return Combinators.combine(Arbitraries.bigIntegers(), Arbitraries.bigIntegers()
                .filter(d -> d.signum() != 0)).as(Rational::new);
    }

    @Property
    void fieldLaws(@ForAll("rationals") Rational a, @ForAll("rationals") Rational b, @ForAll("rationals") Rational c) {
        assertEquals(a.add(b), b.add(a));
        assertEquals(a.add(b).add(c), a.add(b.add(c)));
        assertEquals(a.multiply(b).multiply(c), a.multiply(b.multiply(c)));
        assertEquals(a.multiply(b.add(c)), a.multiply(b).add(a.multiply(c)));
        assertEquals(a, a.subtract(b).add(b));
        assertEquals(Rational.ZERO, a.add(a.negate()));
        Assume.that(!b.isZero());
        assertEquals(a, a.divide(b).multiply(b));
    }

    @Property
    void isInLowestTermsAndOrdered(@ForAll("rationals") Rational a, @ForAll("rationals") Rational b) {
        assertEquals(BigInteger.ONE, a.numerator().gcd(a.denominator()));
        assertEquals(1, a.denominator().signum());
        assertEquals(a.subtract(b).signum(), Integer.signum(a.compareTo(b)));
        assertEquals(a.equals(b), a.compareTo(b) == 0);
    }

    @Property
    void powersAreRepeatedProducts(@ForAll("rationals") Rational a, @ForAll @IntRange(min = 0, max = 9) int n) {
        Rational product = Rational.ONE;
        for (int i = 0; i < n; i++) {
            product = product.multiply(a);
        }
        assertEquals(product, a.pow(n));
        Assume.that(!a.isZero());
        assertEquals(Rational.ONE.divide(product), a.pow(-n));
    }

    @Property
    void doublesAreNear(@ForAll int numerator, @ForAll @IntRange(min = 1) int denominator) {
        double expected = (double) numerator / denominator;
        assertEquals(expected, Rational.of(numerator, denominator).doubleValue(), Math.ulp(expected));
    }

    @Property
    void decimalsAreExact(@ForAll long unscaled, @ForAll @IntRange(min = -50, max = 50) int scale) {
        java.math.BigDecimal decimal = java.math.BigDecimal.valueOf(unscaled, scale);
        assertEquals(Rational.parse(decimal.toPlainString()), Rational.parse(decimal.toString()));
        assertEquals(decimal.doubleValue(), Rational.parse(decimal.toString()).doubleValue(),
                Math.ulp(decimal.doubleValue()));
    }

    @Property
    void printedArithmeticHasTheSameValue(@ForAll("rationals") Rational a, @ForAll("rationals") Rational b) {
        Assume.that(!b.isZero());
        assertEquals(a.divide(b).subtract(a), Arithmetic.evaluate("(" + a + ")/(" + b + ") - (" + a + ")").value());
    }

    @Test
    void limits() {
        assertThrows(ArithmeticException.class, () -> Rational.of(9).pow(387_420_489));
        assertThrows(ArithmeticException.class, () -> Rational.of(9).pow(Integer.MIN_VALUE));
        assertThrows(ArithmeticException.class, () -> Rational.ZERO.pow(-1));
        assertEquals(Rational.ONE, Rational.of(-1).pow(Integer.MIN_VALUE));
        assertEquals(Rational.of(-1), Rational.of(-1).pow(Integer.MAX_VALUE));
        assertEquals(Rational.ZERO, Rational.ZERO.pow(Integer.MAX_VALUE));
        assertEquals(Rational.ONE, Rational.ZERO.pow(0));
        assertThrows(ArithmeticException.class, () -> Rational.parse("1e100000"));
        assertThrows(ArithmeticException.class, () -> Rational.parse("9".repeat(1_000_000)));
        assertThrows(NumberFormatException.class, () -> Rational.parse("1.2.3"));
        assertThrows(NumberFormatException.class, () -> Rational.parse(""));
        assertThrows(NumberFormatException.class, () -> Rational.parse("٣"));
        assertEquals(Rational.of(1, 2), Rational.parse(".5"));
        assertEquals(Rational.of(3), Rational.parse("3."));
        assertEquals(0, Rational.of(1).divide(Rational.of(10).pow(400)).doubleValue());
        assertTrue(Double.isInfinite(Rational.of(10).pow(400).doubleValue()));
    }
}
