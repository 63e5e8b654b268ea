package glia.reason.policy.advantage;

/// Normalizes numbers by the mean and the variance (with n - 1) of those in a mask: `(x - mean) / √(var + 1e-8)`.
/// Numbers outside the mask are changed in the same way.
///
/// @param mean of the numbers in the mask
/// @param variance of the numbers in the mask
public record Whitening(double mean, double variance) {
    private static final double EPSILON = 1e-8;

    /// The statistics of the numbers in a mask.
    ///
    /// @throws IllegalArgumentException if the mask has fewer than two places
    public static Whitening of(double[][] numbers, boolean[][] mask) {
        double sum = 0;
        double count = 0;
        for (int i = 0; i < mask.length; i++) {
            for (int t = 0; t < mask[i].length; t++) {
                sum += mask[i][t] ? numbers[i][t] : 0;
                count += mask[i][t] ? 1 : 0;
            }
        }
        if (count < 2) {
            throw new IllegalArgumentException("whitening: found " + (int) count + " tokens, expected at least 2");
        }
        double mean = sum / (count + EPSILON);
        double squares = 0;
        for (int i = 0; i < mask.length; i++) {
            for (int t = 0; t < mask[i].length; t++) {
                squares += mask[i][t] ? (numbers[i][t] - mean) * (numbers[i][t] - mean) : 0;
            }
        }
        return new Whitening(mean, squares / (count + EPSILON) * count / (count - 1));
    }

    /// The normalized numbers.
    ///
    /// @param shiftsMean whether their mean becomes 0; else it stays
    public double[][] apply(double[][] numbers, boolean shiftsMean) {
        double[][] all = new double[numbers.length][];
        for (int i = 0; i < all.length; i++) {
            all[i] = new double[numbers[i].length];
            for (int t = 0; t < all[i].length; t++) {
                all[i][t] = (numbers[i][t] - mean) / Math.sqrt(variance + EPSILON) + (shiftsMean ? 0 : mean);
            }
        }
        return all;
    }

    /// The numbers, with 0 outside the mask.
    static double[][] masked(double[][] numbers, boolean[][] mask) {
        double[][] all = new double[numbers.length][];
        for (int i = 0; i < all.length; i++) {
            all[i] = new double[numbers[i].length];
            for (int t = 0; t < all[i].length; t++) {
                all[i][t] = mask[i][t] ? numbers[i][t] : 0;
            }
        }
        return all;
    }
}
