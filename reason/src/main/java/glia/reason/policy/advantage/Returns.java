package glia.reason.policy.advantage;

/// Sums of rewards from a place to the end of its completion.
final class Returns {
    private Returns() { }

    /// Sums of the rewards in the mask.
    static double[][] toGo(double[][] rewards, boolean[][] mask) {
        double[][] returns = new double[rewards.length][];
        for (int i = 0; i < returns.length; i++) {
            returns[i] = new double[rewards[i].length];
            double sum = 0;
            for (int t = returns[i].length - 1; t >= 0; t--) {
                sum += mask[i][t] ? rewards[i][t] : 0;
                returns[i][t] = sum;
            }
        }
        return returns;
    }
}
