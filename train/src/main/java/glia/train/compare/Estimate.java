package glia.train.compare;

import java.util.Arrays;

/// A number with its interval of 95 % confidence.
///
/// @param value the number
/// @param low lower end; not a number if nothing is known
/// @param high upper end; not a number if nothing is known
public record Estimate(double value, double low, double high) {
    private static final double CONFIDENCE = 0.95;

    /// A number of which nothing more is known.
    public static Estimate of(double value) {
        return new Estimate(value, Double.NaN, Double.NaN);
    }

    /// The mean of numbers with Student's t interval: `mean ± t(n - 1)·s / √n`, with the standard deviation s of the
    /// sample. A single number has no interval.
    ///
    /// @see <a href="https://doi.org/10.1093/biomet/6.1.1">Student 1908</a>
    /// @throws IllegalArgumentException if there is no number
    public static Estimate mean(double... numbers) {
        int n = numbers.length;
        double mean = Arrays.stream(numbers).average()
                .orElseThrow(() -> new IllegalArgumentException("the mean of no numbers"));
        if (n == 1) {
            return of(mean);
        }
        double squares = Arrays.stream(numbers).map(x -> (x - mean) * (x - mean)).sum();
        double half = studentQuantile(n - 1) * Math.sqrt(squares / (n - 1) / n);
        return new Estimate(mean, mean - half, mean + half);
    }

    /// The same with the part of the interval that lies between two bounds: shares are never below 0 or above 1.
    public Estimate within(double least, double most) {
        return !hasInterval() ? this : new Estimate(value, Math.clamp(low, least, most),
                Math.clamp(high, least, most));
    }

    /// Whether there is an interval.
    public boolean hasInterval() {
        return !Double.isNaN(low) && !Double.isNaN(high);
    }

    /// This number less another that is independent of it, such as accuracies on two samples, with an interval from
    /// both intervals: for d = a - b
    ///
    /// `d - √((a - a_low)² + (b_high - b)²)` to `d + √((a_high - a)² + (b - b_low)²)`
    ///
    /// For Wilson intervals of shares it is Newcombe's method 10 (1998,
    /// https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C873::AID-SIM779%3E3.0.CO;2-I). Where both come from the
    /// same problems it is wider than need be.
    public Estimate minus(Estimate other) {
        double d = value - other.value;
        return new Estimate(d, d - Math.hypot(value - low, other.high - other.value),
                d + Math.hypot(high - value, other.value - other.low));
    }

    /// t such that a number of Student's distribution lies between -t and t with a probability of 95 %.
    ///
    /// @param freedom degrees of freedom ν, at least 1
    static double studentQuantile(int freedom) {
        double low = 0;
        double high = 20;
        for (int i = 0; i < 80; i++) {
            double middle = (low + high) / 2;
            if (studentProbability(middle, freedom) < CONFIDENCE) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /// The probability between -t and t: with θ = atan(t/√ν), for even ν `sin θ·(1 + ½·cos² θ + ½·¾·cos⁴ θ + …)`, for
    /// odd ν `2/π·(θ + sin θ·(cos θ + ⅔·cos³ θ + …))`, up to the power ν - 2 (Abramowitz and Stegun 1964, 26.7.3 and
    /// 26.7.4).
    private static double studentProbability(double t, int freedom) {
        boolean isOdd = freedom % 2 == 1;
        double theta = Math.atan(t / Math.sqrt(freedom));
        double cos = Math.cos(theta);
        double term = isOdd ? cos : 1;
        double sum = 0;
        for (int power = isOdd ? 1 : 0; power <= freedom - 2; power += 2) {
            sum += term;
            term *= cos * cos * (power + 1) / (power + 2);
        }
        double tail = Math.sin(theta) * sum;
        return isOdd ? 2 / Math.PI * (theta + tail) : tail;
    }
}
