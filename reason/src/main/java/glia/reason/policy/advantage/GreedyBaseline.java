package glia.reason.policy.advantage;

/// ReMax (https://arxiv.org/abs/2310.10505): the reward to go relative to the reward of the greedy answer.
public record GreedyBaseline() implements AdvantageEstimator {
    /// @throws IllegalArgumentException if there are no rewards of greedy answers
    @Override
    public Advantages of(AdvantageInput input) {
        if (input.baselines().length != input.size()) {
            throw new IllegalArgumentException("ReMax needs the reward of a greedy answer for each completion, found "
                    + input.baselines().length + ", expected " + input.size());
        }
        double[][] returns = Returns.toGo(input.placeRewards(), input.mask());
        double[][] advantages = new double[returns.length][];
        for (int i = 0; i < advantages.length; i++) {
            advantages[i] = returns[i].clone();
            for (int t = 0; t < advantages[i].length; t++) {
                advantages[i][t] -= input.mask()[i][t] ? input.baselines()[i] : 0;
            }
        }
        return new Advantages(advantages, returns, new double[0]);
    }
}
