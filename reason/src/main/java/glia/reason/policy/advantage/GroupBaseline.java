package glia.reason.policy.advantage;

/// REINFORCE++ with baseline (https://arxiv.org/abs/2501.03262): rewards relative to the group's mean, whitened over
/// the tokens of the batch, where long completions weigh more. A lone completion keeps its reward.
public record GroupBaseline() implements AdvantageEstimator {
    @Override
    public Advantages of(AdvantageInput input) {
        double[] rewards = input.outcomes();
        double[] differences = new double[rewards.length];
        for (int[] members : Groups.members(input.groups(), rewards)) {
            double mean = members.length == 1 ? 0 : Groups.mean(Groups.pick(rewards, members));
            for (int i : members) {
                differences[i] = rewards[i] - mean;
            }
        }
        double[][] rows = Advantages.broadcast(differences, input.mask());
        double[][] white = Whitening.masked(Whitening.of(rows, input.mask()).apply(rows, true), input.mask());
        return new Advantages(white, white, new double[0]);
    }
}
