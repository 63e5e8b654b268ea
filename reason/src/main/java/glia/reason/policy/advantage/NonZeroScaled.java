package glia.reason.policy.advantage;

import java.util.Arrays;

/// Rewards relative to the group's mean, scaled up where many rewards of the batch are 0 (GPG,
/// https://arxiv.org/abs/2504.02546): `completions / non-zero rewards · (R - mean_g)`. A lone completion keeps its
/// reward.
public record NonZeroScaled() implements OutcomeEstimator {
    @Override
    public double[] of(double[] rewards, AdvantageInput input) {
        double[] advantages = new double[rewards.length];
        double[] numbers = Groups.numbers(rewards);
        double scale = (double) numbers.length / Math.max(1, Arrays.stream(numbers).filter(r -> r != 0).count());
        for (int[] members : Groups.members(input.groups(), rewards)) {
            double mean = members.length == 1 ? 0 : Groups.mean(Groups.pick(rewards, members));
            for (int i : members) {
                advantages[i] = scale * (rewards[i] - mean);
            }
        }
        return advantages;
    }
}
