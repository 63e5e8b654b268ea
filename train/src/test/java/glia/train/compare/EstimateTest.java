package glia.train.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EstimateTest {
    /// Published tables of Student's distribution.
    @ParameterizedTest
    @CsvSource({"1, 12.706", "2, 4.303", "3, 3.182", "4, 2.776", "5, 2.571", "6, 2.447", "7, 2.365", "10, 2.228",
        "29, 2.045", "30, 2.042", "60, 2.000", "120, 1.980"})
    void quantilesAreThoseOfTables(int freedom, double expected) {
        assertEquals(expected, Estimate.studentQuantile(freedom), 5e-4);
    }

    /// The values of Newcombe 1998, table II, contrasts (a) to (e) of method 10.
    @ParameterizedTest
    @CsvSource({"56, 70, 48, 80, 0.0524, 0.3339", "9, 10, 3, 10, 0.1705, 0.8090", "6, 7, 2, 7, 0.0582, 0.8062",
        "5, 56, 0, 29, -0.0381, 0.1926", "0, 10, 0, 20, -0.1611, 0.2775", "10, 10, 0, 10, 0.6075, 1",
        "10, 10, 0, 20, 0.6791, 1"})
    void differencesOfSharesHaveNewcombesInterval(int a, int m, int b, int n, double low, double high) {
        Estimate difference = wilson(a, m).minus(wilson(b, n));
        assertEquals((double) a / m - (double) b / n, difference.value(), 1e-12);
        assertEquals(low, difference.low(), 5e-5);
        assertEquals(high, difference.high(), 5e-5);
    }

    /// Roots of the equation that defines the interval: (p - x)² = z²·x·(1 - x) / n.
    private static Estimate wilson(int successes, int trials) {
        double z2 = 1.959963984540054 * 1.959963984540054 / trials;
        double p = (double) successes / trials;
        double root = Math.sqrt((2 * p + z2) * (2 * p + z2) - 4 * (1 + z2) * p * p);
        return new Estimate(p, (2 * p + z2 - root) / (2 + 2 * z2), (2 * p + z2 + root) / (2 + 2 * z2));
    }

    /// Of 20,000 samples of three numbers from a normal distribution 95 % have the mean in their interval.
    @Test
    void intervalsOfMeansCoverTheMean() {
        SplittableRandom random = new SplittableRandom(4);
        int covered = 0;
        int count = 20_000;
        for (int i = 0; i < count; i++) {
            Estimate mean = Estimate.mean(7 + random.nextGaussian(), 7 + random.nextGaussian(),
                    7 + random.nextGaussian());
            covered += mean.low() <= 7 && 7 <= mean.high() ? 1 : 0;
        }
        assertEquals(0.95, (double) covered / count, 5 * Math.sqrt(0.95 * 0.05 / count));
    }

    @Test
    void fewNumbersHaveNoInterval() {
        assertFalse(Estimate.mean(3).hasInterval());
        assertFalse(Estimate.mean(3).minus(Estimate.mean(1, 2)).hasInterval());
        assertEquals(2, Estimate.mean(3).minus(Estimate.of(1)).value());
        assertEquals(new Estimate(2, 2, 2), Estimate.mean(2, 2, 2));
        assertThrows(IllegalArgumentException.class, Estimate::mean);
        Estimate wide = Estimate.mean(0.5, 1);
        assertTrue(wide.high() > 1 && wide.low() < 0);
        assertEquals(new Estimate(0.75, 0, 1), wide.within(0, 1));
        assertEquals(Estimate.of(5), Estimate.of(5).within(0, 1));
    }
}
