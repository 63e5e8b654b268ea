package glia.model.voice;

/// The inverse of a monotonic rational-quadratic spline between -bound and bound, the identity outside
/// (https://arxiv.org/abs/1906.04032).
final class Spline {
    private static final double LEAST_SIZE = 1e-3;
    private static final double LEAST_SLOPE = 1e-3;

    private Spline() { }

    /// The x of y.
    ///
    /// @param widths of the bins, before their softmax
    /// @param heights the same
    /// @param slopes between the bins, before their softplus
    static double inverse(double y, double[] widths, double[] heights, double[] slopes, double bound) {
        if (!(Math.abs(y) <= bound)) {
            return y;
        }
        int bins = widths.length;
        double[] across = knots(widths, bound);
        double[] up = knots(heights, bound);
        int bin = 0;
        while (bin + 1 < bins && y >= up[bin + 1]) {
            bin++;
        }
        double slope = bin == 0 ? 1 : LEAST_SLOPE + softplus(slopes[bin - 1]);
        double next = bin + 1 == bins ? 1 : LEAST_SLOPE + softplus(slopes[bin]);
        double width = across[bin + 1] - across[bin];
        double height = up[bin + 1] - up[bin];
        double mean = height / width;
        double above = y - up[bin];
        double bend = above * (slope + next - 2 * mean);
        double a = height * (mean - slope) + bend;
        double b = height * slope - bend;
        double c = -mean * above;
        double root = 2 * c / (-b - Math.sqrt(Math.max(0, b * b - 4 * a * c)));
        return root * width + across[bin];
    }

    /// The ends of bins of these shares between -bound and bound.
    private static double[] knots(double[] raw, double bound) {
        double max = Double.NEGATIVE_INFINITY;
        for (double value : raw) {
            max = Math.max(max, value);
        }
        double sum = 0;
        for (double value : raw) {
            sum += Math.exp(value - max);
        }
        double[] knots = new double[raw.length + 1];
        knots[0] = -bound;
        double share = 0;
        for (int i = 0; i < raw.length; i++) {
            share += LEAST_SIZE + (1 - LEAST_SIZE * raw.length) * Math.exp(raw[i] - max) / sum;
            knots[i + 1] = 2 * bound * share - bound;
        }
        knots[raw.length] = bound;
        return knots;
    }

    private static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }
}
