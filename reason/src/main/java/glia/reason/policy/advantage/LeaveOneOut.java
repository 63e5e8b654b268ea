package glia.reason.policy.advantage;

import java.util.Arrays;

/// Rewards relative to the mean of the other completions of the prompt (RLOO, https://arxiv.org/abs/2402.14740).
///
/// @param lone what a group of one gets
/// @param normalizes whether advantages are normalized over the batch: `(A - mean) / (std + 1e-4)`
public record LeaveOneOut(Lone lone, boolean normalizes) implements OutcomeEstimator {
    private static final double EPSILON = 1e-4;

    @Override
    public double[] of(double[] rewards, AdvantageInput input) {
        double[] advantages = new double[rewards.length];
        Arrays.fill(advantages, Double.NaN);
        for (int[] members : Groups.members(input.groups(), rewards)) {
            int n = members.length;
            double mean = Groups.mean(Groups.pick(rewards, members));
            for (int i : members) {
                advantages[i] = n > 1 ? (rewards[i] - mean) * n / (n - 1) : lone == Lone.REWARD ? rewards[i]
                        : Double.NaN;
            }
        }
        double[] numbers = Groups.numbers(advantages);
        double mean = normalizes ? Groups.mean(numbers) : 0;
        double divisor = normalizes ? Groups.std(numbers) + EPSILON : 1;
        for (int i = 0; i < advantages.length; i++) {
            double difference = advantages[i] - mean;
            advantages[i] = Double.isNaN(difference) || difference == 0 || Double.isNaN(divisor) ? 0
                    : difference / divisor;
        }
        return advantages;
    }
}
