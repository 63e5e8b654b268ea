package glia.reason.policy.advantage;

/// REINFORCE++ (https://arxiv.org/abs/2501.03262): the discounted rewards from each token to the end, whitened over the
/// tokens of the batch; no groups are needed.
///
/// > G[t] = r[t] + γ·G[t+1], where observations are skipped with their rewards
///
/// @param gamma γ, 1 for no discount
public record RewardToGo(double gamma) implements AdvantageEstimator {
    @Override
    public Advantages of(AdvantageInput input) {
        double[][] rewards = input.placeRewards();
        double[][] returns = new double[rewards.length][];
        for (int i = 0; i < returns.length; i++) {
            returns[i] = new double[rewards[i].length];
            double sum = 0;
            for (int t = returns[i].length - 1; t >= 0; t--) {
                if (input.mask()[i][t]) {
                    sum = rewards[i][t] + gamma * sum;
                    returns[i][t] = sum;
                }
            }
        }
        double[][] white = Whitening.of(returns, input.mask()).apply(returns, true);
        return new Advantages(Whitening.masked(white, input.mask()), returns, new double[0]);
    }
}
