package glia.reason.policy.advantage;

/// Rewards relative to the group's mean weighted by the lengths of completions, which has the least variance (OPO,
/// https://arxiv.org/abs/2505.23585). A lone completion keeps its reward.
public record LengthWeighted() implements OutcomeEstimator {
    @Override
    public double[] of(double[] rewards, AdvantageInput input) {
        double[] advantages = new double[rewards.length];
        for (int[] members : Groups.members(input.groups(), rewards)) {
            double first = rewards[members[0]];
            double sum = 0;
            double lengths = 0;
            for (int i : members) {
                int length = 0;
                for (boolean counts : input.mask()[i]) {
                    length += counts ? 1 : 0;
                }
                sum += length * (rewards[i] - first);
                lengths += length;
            }
            double baseline = members.length == 1 ? 0 : first + (lengths == 0 ? 0 : sum / lengths);
            for (int i : members) {
                advantages[i] = rewards[i] - baseline;
            }
        }
        return advantages;
    }
}
