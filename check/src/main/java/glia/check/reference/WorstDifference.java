package glia.check.reference;

/// Keeps the one of several differences that is the largest share of its tolerance.
public final class WorstDifference {
    private String quantity = "";
    private double difference;
    private double tolerance;
    private double share = -1;

    public WorstDifference() { }

    /// Compares values: the largest difference, divided by the largest finite magnitude that is expected. Values that
    /// are not finite must be equal.
    public void values(String name, double[] actual, double[] expected, double limit) {
        double largest = largest(expected);
        keep(name, difference(actual, expected, largest == 0 ? 1 : largest), limit);
    }

    /// The largest finite magnitude, 0 if there is none.
    public static double largest(double[] values) {
        double largest = 0;
        for (double x : values) {
            if (Double.isFinite(x)) {
                largest = Math.max(largest, Math.abs(x));
            }
        }
        return largest;
    }

    /// The largest difference, divided by `size`.
    public static double difference(double[] actual, double[] expected, double size) {
        double most = 0;
        for (int i = 0; i < expected.length; i++) {
            most = Math.max(most, ratio(actual[i], expected[i], size));
        }
        return most;
    }

    /// One difference, divided by `size`; infinite if one of the numbers is finite and the other is not.
    public static double ratio(double actual, double expected, double size) {
        if (actual == expected || Double.isNaN(actual) && Double.isNaN(expected)) {
            return 0;
        }
        double ratio = Math.abs(actual - expected) / size;
        return Double.isNaN(ratio) ? Double.POSITIVE_INFINITY : ratio;
    }

    /// Takes a difference into account.
    public void keep(String name, double found, double limit) {
        double part = found / limit;
        if (part > share) {
            share = part;
            quantity = name;
            difference = found;
            tolerance = limit;
        }
    }

    /// The result of a case.
    ///
    /// @throws IllegalArgumentException if nothing was compared
    public CaseResult of(String id) {
        if (share < 0) {
            throw new IllegalArgumentException("the case has no results");
        }
        return CaseResult.of(id, quantity, difference, tolerance);
    }
}
