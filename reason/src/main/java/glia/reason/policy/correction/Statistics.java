package glia.reason.policy.correction;

import java.util.Arrays;
import java.util.function.DoublePredicate;

/// Statistics of numbers.
final class Statistics {
    static final double LARGEST_LOG = 20;

    private static final double EPSILON = 1e-8;

    private Statistics() { }

    static double mean(double... x) {
        return Arrays.stream(x).sum() / Math.max(1, x.length);
    }

    /// With n, as verl computes it: `√(mean(x²) - mean(x)²)` of means over n + 1e-8, which is not exactly 0 for equal
    /// numbers; 0 for a single number.
    static double deviation(double... x) {
        double count = x.length + EPSILON;
        double mean = Arrays.stream(x).sum() / count;
        double squares = Arrays.stream(x).map(v -> v * v).sum() / count;
        return x.length < 2 ? 0 : Math.sqrt(Math.max(0, squares - mean * mean));
    }

    /// With n - 1; 0 for a single number.
    static double sampleDeviation(double... x) {
        double mean = mean(x);
        return x.length < 2 ? 0
                : Math.sqrt(Arrays.stream(x).map(v -> (v - mean) * (v - mean)).sum() / (x.length - 1));
    }

    static double max(double... x) {
        return Arrays.stream(x).max().orElse(0);
    }

    static double min(double... x) {
        return Arrays.stream(x).min().orElse(0);
    }

    static double share(DoublePredicate of, double... x) {
        return (double) Arrays.stream(x).filter(of).count() / Math.max(1, x.length);
    }

    static double clamped(double log) {
        return Math.clamp(log, -LARGEST_LOG, LARGEST_LOG);
    }
}
