package glia.reason.policy.advantage;

/// Generalized advantage estimation (https://arxiv.org/abs/1506.02438), whitened over the tokens of the batch.
///
/// > δ[t] = r[t] + γ·V[t+1] - V[t], A[t] = δ[t] + γλ·A[t+1]
///
/// Observations (mask 0) are skipped: V and A are carried over them. Returns are A + V before whitening.
///
/// @param gamma γ, discount of rewards
/// @param lambda λ, between bias (0) and variance (1)
public record GeneralizedAdvantage(double gamma, double lambda) implements AdvantageEstimator {
    private static final double[] NONE = {};

    /// @throws IllegalArgumentException if there are no values
    @Override
    public Advantages of(AdvantageInput input) {
        Advantages raw = unnormalized(input);
        double[][] white = Whitening.of(raw.advantages(), input.mask()).apply(raw.advantages(), true);
        return new Advantages(white, raw.returns(), NONE);
    }

    /// Advantages before whitening.
    ///
    /// @throws IllegalArgumentException if there are no values
    public Advantages unnormalized(AdvantageInput input) {
        if (input.values().length != input.size()) {
            throw new IllegalArgumentException("GAE needs the values of a value model for each completion, found "
                    + input.values().length + ", expected " + input.size());
        }
        double[][] rewards = input.placeRewards();
        double[][] advantages = new double[rewards.length][];
        double[][] returns = new double[rewards.length][];
        for (int i = 0; i < rewards.length; i++) {
            double[] values = input.values()[i];
            advantages[i] = new double[rewards[i].length];
            returns[i] = new double[rewards[i].length];
            double nextValue = 0;
            double next = 0;
            for (int t = rewards[i].length - 1; t >= 0; t--) {
                if (input.mask()[i][t]) {
                    next = rewards[i][t] + gamma * nextValue - values[t] + gamma * lambda * next;
                    nextValue = values[t];
                }
                advantages[i][t] = next;
                returns[i][t] = next + values[t];
            }
        }
        return new Advantages(advantages, returns, NONE);
    }
}
