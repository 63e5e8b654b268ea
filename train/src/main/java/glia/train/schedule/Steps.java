package glia.train.schedule;

/// Checks and parts that schedules share.
final class Steps {
    private Steps() { }

    /// `(i - w)/(N - w)`, at most 1.
    static double progress(long step, long warmup, long total) {
        return Math.min(1, (double) (step - warmup) / Math.max(1, total - warmup));
    }

    /// `(i + 1)/(w + 1)`: the first update has a rate above 0, the one after the warm-up that of the peak.
    static double linearWarmup(long step, long warmup) {
        return (step + 1.0) / (warmup + 1.0);
    }

    static void check(long warmup, long total) {
        if (warmup < 0) {
            throw new IllegalArgumentException(warmup + " warm-up steps, expected 0 or more");
        }
        if (total < 1 || warmup > total) {
            throw new IllegalArgumentException(total + " steps with " + warmup + " of warm-up, expected at least 1 step"
                    + " and no more warm-up than steps");
        }
    }

    static void checkShare(String name, double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException(name + " is " + share + ", expected 0 to 1");
        }
    }

    static void checkCycles(double cycles) {
        if (!(cycles > 0 && cycles < 1e6)) {
            throw new IllegalArgumentException(cycles + " cycles, expected a number above 0 and below a million");
        }
    }

    /// `½·(1 + cos(2π·c·q))·(1 - m) + m`.
    static double cosine(double progress, double cycles, double minimum) {
        return Math.max(0, 0.5 * (1 + Math.cos(2 * Math.PI * cycles * progress)) * (1 - minimum) + minimum);
    }
}
