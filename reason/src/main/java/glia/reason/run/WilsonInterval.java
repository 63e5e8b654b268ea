package glia.reason.run;

/// The share of successes with its Wilson score interval: for n trials, share p and the quantile z
///
/// `(p + z²/2n ± z·√(p(1-p)/n + z²/4n²)) / (1 + z²/n)`
///
/// (Wilson, 1927; https://doi.org/10.1080/01621459.1927.10502953). Unlike the normal approximation it stays between 0
/// and 1 and is not empty at p = 0 and p = 1.
///
/// @param share p
/// @param low lower end
/// @param high upper end
public record WilsonInterval(double share, double low, double high) {
    /// The quantile of the normal distribution for intervals of 95 %.
    private static final double Z = 1.959963984540054;

    /// The interval of 95 %.
    ///
    /// @param successes may be fractional, such as sums of scores from 0 to 1
    /// @param trials at least 1
    /// @throws IllegalArgumentException if there are no trials, or more successes than trials
    public static WilsonInterval of(double successes, long trials) {
        if (trials < 1 || !(successes >= 0 && successes <= trials)) {
            throw new IllegalArgumentException(successes + " successes of " + trials + " trials");
        }
        double p = successes / trials;
        double z2 = Z * Z / trials;
        double center = p + z2 / 2;
        double half = Z * Math.sqrt(p * (1 - p) / trials + z2 / (4 * trials));
        return new WilsonInterval(p, Math.max(0, (center - half) / (1 + z2)), Math.min(1, (center + half) / (1 + z2)));
    }
}
