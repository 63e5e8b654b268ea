package glia.lab.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.lab.eval.Statistics.Interval;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StatisticsTest {
    /// Newcombe 1998 (https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C857::AID-SIM777%3E3.0.CO;2-E), table I,
    /// method 3.
    @Test
    void wilsonsIntervalsArePublishedOnes() {
        close(0.2553, 0.3662, Statistics.wilson(81, 263));
        close(0.0624, 0.1605, Statistics.wilson(15, 148));
        close(0, 0.1611, Statistics.wilson(0, 20));
        close(0.0061, 0.1718, Statistics.wilson(1, 29));
        close(0, 1, Statistics.wilson(0, 0));
        assertEquals(1, Statistics.wilson(20, 20).high());
    }

    private static void close(double low, double high, Interval found) {
        assertEquals(low, found.low(), 5e-5);
        assertEquals(high, found.high(), 5e-5);
    }

    /// Binomial probabilities by hand: 2 · (1 + 10 + 45) / 1024 and so on.
    @Test
    void mcNemarIsTheExactBinomialTest() {
        assertEquals(112.0 / 1024, Statistics.mcNemar(2, 8), 1e-12);
        assertEquals(112.0 / 1024, Statistics.mcNemar(8, 2), 1e-12);
        assertEquals(1, Statistics.mcNemar(0, 0));
        assertEquals(1, Statistics.mcNemar(5, 5));
        assertEquals(0.25, Statistics.mcNemar(0, 3), 1e-12);
        assertTrue(Statistics.mcNemar(4000, 6000) < 1e-80);
        assertTrue(Statistics.mcNemar(100_000, 100_000) == 1);
    }

    /// For many items the bootstrap comes close to the normal interval, mean ± 1.96 · deviation / sqrt(count).
    @Test
    void theBootstrapIsCloseToTheNormalInterval() {
        int count = 500;
        Random random = new Random(7);
        double[] values = random.doubles(count).toArray();
        double[] ones = new double[count];
        Arrays.fill(ones, 1);
        double mean = Arrays.stream(values).average().orElseThrow();
        double deviation = Math.sqrt(Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / count);
        Interval interval = Statistics.bootstrap(values, ones, 1);
        double half = 1.96 * deviation / Math.sqrt(count);
        assertEquals(mean - half, interval.low(), 0.08 * half);
        assertEquals(mean + half, interval.high(), 0.08 * half);
        assertEquals(interval, Statistics.bootstrap(values, ones, 1));
        assertTrue(Double.isNaN(Statistics.bootstrap(new double[] {1}, new double[] {1}, 1).low()));
        assertEquals(new Interval(0, 0), Statistics.pairedBootstrap(values, values, ones, 1));
    }
}
