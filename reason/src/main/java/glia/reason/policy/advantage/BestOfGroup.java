package glia.reason.policy.advantage;

/// Pass@k training (https://arxiv.org/abs/2503.19595): only the best completion of a group learns, by its lead on the
/// second best; 0 on a tie.
///
/// @param normalizes whether the lead is divided by the group's standard deviation + 1e-6
public record BestOfGroup(boolean normalizes) implements OutcomeEstimator {
    private static final double EPSILON = 1e-6;

    /// @throws IllegalArgumentException if a group has fewer than two rewards
    @Override
    public double[] of(double[] rewards, AdvantageInput input) {
        double[] advantages = new double[rewards.length];
        for (int[] members : Groups.members(input.groups(), rewards)) {
            if (members.length < 2) {
                throw new IllegalArgumentException("group " + input.groups()[members[0]]
                        + ": found one completion with a reward, expected at least two");
            }
            int best = members[0];
            double second = Double.NEGATIVE_INFINITY;
            for (int i : members) {
                if (i != best && rewards[i] > rewards[best]) {
                    second = rewards[best];
                    best = i;
                } else if (i != best) {
                    second = Math.max(second, rewards[i]);
                }
            }
            double lead = rewards[best] - second;
            advantages[best] = normalizes ? lead / (Groups.std(Groups.pick(rewards, members)) + EPSILON) : lead;
        }
        return advantages;
    }
}
