package glia.reason.policy.correction;

import java.util.Arrays;
import java.util.function.DoublePredicate;

/// Statistics of numbers.
final class Statistics {
    private Statistics() { }

    static double mean(double... x) {
        return Arrays.stream(x).sum() / Math.max(1, x.length);
    }

    /// With n.
    static double deviation(double... x) {
        double mean = mean(x);
        return Math.sqrt(Arrays.stream(x).map(v -> (v - mean) * (v - mean)).sum() / Math.max(1, x.length));
    }

    /// With n - 1; 0 for a single number.
    static double sampleDeviation(double... x) {
        return x.length < 2 ? 0 : deviation(x) * Math.sqrt((double) x.length / (x.length - 1));
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
}
