package glia.reason.policy.advantage;

/// Rewards relative to those of the same prompt (GRPO, https://arxiv.org/abs/2402.03300).
///
/// > A = (R - mean_g) / (std + ε)
///
/// A group of equal rewards has advantages of exactly 0. Without a standard deviation it is Dr. GRPO's
/// (https://arxiv.org/abs/2503.20783).
///
/// @param scale whose standard deviation divides; the mean is always the group's
/// @param epsilon ε, 1e-4 in TRL, 1e-6 in verl
/// @param lone what a group of one gets
public record GroupRelative(Scale scale, double epsilon, Lone lone) implements OutcomeEstimator {
    /// Whose standard deviation divides.
    public enum Scale {
        /// The group's.
        GROUP,
        /// That of all rewards of the batch (https://arxiv.org/abs/2508.08221).
        BATCH,
        /// None.
        NONE
    }

    /// As TRL computes it.
    public static GroupRelative of(Scale scale) {
        return new GroupRelative(scale, 1e-4, Lone.ZERO);
    }

    @Override
    public double[] of(double[] rewards, AdvantageInput input) {
        double[] advantages = new double[rewards.length];
        double ofBatch = scale == Scale.BATCH ? Groups.std(Groups.numbers(rewards)) : 0;
        for (int[] members : Groups.members(input.groups(), rewards)) {
            double[] own = Groups.pick(rewards, members);
            boolean single = members.length == 1;
            double mean = single && lone == Lone.REWARD ? 0 : Groups.mean(own);
            double std = switch (scale) {
                case GROUP -> single ? 1 : Groups.std(own);
                case BATCH -> ofBatch;
                case NONE -> 1 - epsilon;
            };
            for (int i : members) {
                double difference = rewards[i] - mean;
                advantages[i] = difference == 0 || Double.isNaN(std) ? 0 : difference / (std + epsilon);
            }
        }
        return advantages;
    }
}
