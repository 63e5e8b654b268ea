package glia.reason.math;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RationalTest {
    @Property(tries = 400)
    void arithmeticIsThatOfFractions(@ForAll @IntRange(min = -99, max = 99) int a,
            @ForAll @IntRange(min = 1, max = 99) int b, @ForAll @IntRange(min = -99, max = 99) int c,
            @ForAll @IntRange(min = 1, max = 99) int d) {
        Rational x = Rational.of(a, b);
        Rational y = Rational.of(c, -d);
        assertEquals(Rational.of((long) a * d + (long) b * c, (long) b * d), x.plus(y.negate()));
        assertEquals(x, x.minus(y).plus(y));
        assertEquals(Rational.of((long) a * c, (long) -b * d), x.times(y));
        if (c != 0) {
            assertEquals(x, x.divide(y).times(y));
        }
        assertEquals(Integer.signum(Double.compare((double) a / b, (double) -c / d)),
                Integer.signum(x.compareTo(y)));
        assertEquals(Optional.of(x), Rational.parse(x.toString()));
        assertTrue(x.denominator().signum() > 0);
    }

    @Test
    void textsAreParsedExactly() {
        assertEquals(Rational.of(1, 4), Rational.parse("0.25").orElseThrow());
        assertEquals(Rational.of(-5), Rational.parse("-5.0").orElseThrow());
        assertEquals(Rational.of(7, 3), Rational.parse("14/6").orElseThrow());
        assertEquals(Rational.of(1, 2), Rational.parse(".5").orElseThrow());
        for (String wrong : new String[] {"", "-", ".", "1.", "1/0", "1/", "/2", "1e5", "--1", "1/2/3", "\u0663",
            "9".repeat(1_001), "+-1", "1 2"}) {
            assertEquals(Optional.empty(), Rational.parse(wrong), wrong);
        }
        assertThrows(ArithmeticException.class, () -> Rational.ONE.divide(Rational.ZERO));
        assertEquals("-3/4", Rational.of(3, -4).toString());
    }
}
