package glia.lab.eval;

import java.util.Arrays;
import java.util.SplittableRandom;

/// Confidence intervals and tests.
public final class Statistics {
    private static final double Z = 1.959963984540054;
    private static final int RESAMPLES = 10_000;
    private static final double TAIL = 0.025;

    private Statistics() { }

    /// An interval of 95 % confidence.
    public record Interval(double low, double high) { }

    /// The Wilson score interval of a proportion.
    ///
    /// @see <a href="https://doi.org/10.1080/01621459.1927.10502953">Wilson 1927</a>
    public static Interval wilson(long successes, long trials) {
        if (trials == 0) {
            return new Interval(0, 1);
        }
        double p = (double) successes / trials;
        double z2 = Z * Z / trials;
        double center = (p + z2 / 2) / (1 + z2);
        double half = Z * Math.sqrt(p * (1 - p) / trials + z2 / (4 * trials)) / (1 + z2);
        return new Interval(successes == 0 ? 0 : center - half, successes == trials ? 1 : center + half);
    }

    /// The percentile bootstrap of `Σ numerators / Σ denominators`, with 10,000 resamples of the items.
    ///
    /// @return not a number for fewer than two items, of which nothing can be said
    public static Interval bootstrap(double[] numerators, double[] denominators, long seed) {
        return bootstrap(numerators.length, seed, (count, random) -> {
            double numerator = 0;
            double denominator = 0;
            for (int i = 0; i < count; i++) {
                int item = random.nextInt(count);
                numerator += numerators[item];
                denominator += denominators[item];
            }
            return numerator / denominator;
        });
    }

    /// The paired bootstrap of the difference of two such ratios, with the same resampled items in both.
    public static Interval pairedBootstrap(double[] numerators, double[] otherNumerators, double[] denominators,
            long seed) {
        double[] differences = new double[numerators.length];
        Arrays.setAll(differences, i -> numerators[i] - otherNumerators[i]);
        return bootstrap(differences, denominators, seed);
    }

    private interface Resample {
        double value(int count, SplittableRandom random);
    }

    private static Interval bootstrap(int count, long seed, Resample resample) {
        if (count < 2) {
            return new Interval(Double.NaN, Double.NaN);
        }
        SplittableRandom random = new SplittableRandom(seed);
        double[] values = new double[RESAMPLES];
        Arrays.setAll(values, _ -> resample.value(count, random));
        Arrays.sort(values);
        return new Interval(quantile(values, TAIL), quantile(values, 1 - TAIL));
    }

    private static double quantile(double[] sorted, double share) {
        double at = share * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }

    /// The two-sided p-value of McNemar's exact test: the chance of a split at least as uneven among the items that
    /// only one of two models gets right, if both were equally good.
    ///
    /// @param onlyFirst items that only the first gets right
    /// @param onlySecond items that only the second gets right
    /// @see <a href="https://doi.org/10.1007/BF02295996">McNemar 1947</a>
    public static double mcNemar(long onlyFirst, long onlySecond) {
        long total = onlyFirst + onlySecond;
        long fewer = Math.min(onlyFirst, onlySecond);
        double logTerm = -total * Math.log(2);
        double sum = 0;
        for (long k = 0; k <= fewer; k++) {
            sum += Math.exp(logTerm);
            logTerm += Math.log((double) (total - k) / (k + 1));
        }
        return Math.min(1, 2 * sum);
    }
}
