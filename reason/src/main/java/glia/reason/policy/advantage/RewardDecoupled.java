package glia.reason.policy.advantage;

import glia.reason.policy.advantage.AdvantageEstimator.GroupRelative;
import glia.reason.policy.advantage.AdvantageEstimator.Lone;

/// GDPO (https://arxiv.org/abs/2601.05242): each reward column is normalized within its group before the weighted sum,
/// so that no column drowns the others; the sum is normalized over the batch.
///
/// > A = whiten(Σ_k weight_k·(r_k - mean_g) / (std_g + ε))
///
/// @param epsilon ε of the groups' standard deviations: 1e-4 in TRL, 1e-6 in verl
/// @param lone what a group of one gets in a column
/// @param overTokens whether the sum is normalized over tokens (verl), else over completions (TRL)
public record RewardDecoupled(double epsilon, Lone lone, boolean overTokens) implements AdvantageEstimator {
    private static final double BATCH_EPSILON = 1e-4;

    /// As TRL computes it.
    public static RewardDecoupled overCompletions() {
        return new RewardDecoupled(1e-4, Lone.ZERO, false);
    }

    /// @throws IllegalArgumentException if there are no reward columns
    @Override
    public Advantages of(AdvantageInput input) {
        if (input.scores().length != input.size()) {
            throw new IllegalArgumentException("GDPO needs reward columns, found rewards of tokens");
        }
        double[] sums = sums(input);
        if (!overTokens) {
            return Advantages.ofSequences(normalized(sums), input.mask());
        }
        for (int i = 0; i < sums.length; i++) {
            sums[i] = Double.isNaN(sums[i]) ? 0 : sums[i];
        }
        double[][] rows = Advantages.broadcast(sums, input.mask());
        double[][] white = Whitening.masked(Whitening.of(rows, input.mask()).apply(rows, true), input.mask());
        return new Advantages(white, white, new double[0]);
    }

    /// The weighted sums of normalized columns, NaN where no column applies.
    public double[] sums(AdvantageInput input) {
        int columns = input.weights().length;
        double[][] normalized = new double[input.size()][columns];
        for (int k = 0; k < columns; k++) {
            double[] column = new double[input.size()];
            for (int i = 0; i < column.length; i++) {
                column[i] = input.scores()[i][k];
            }
            GroupRelative rule = new GroupRelative(GroupRelative.Scale.GROUP, epsilon, lone);
            double[] relative = rule.of(column, input);
            for (int i = 0; i < column.length; i++) {
                normalized[i][k] = Double.isNaN(column[i]) ? Double.NaN : relative[i];
            }
        }
        double[] sums = new double[input.size()];
        for (int i = 0; i < sums.length; i++) {
            sums[i] = AdvantageInput.weighted(normalized[i], input.weights());
        }
        return sums;
    }

    private static double[] normalized(double[] sums) {
        double[] numbers = Groups.numbers(sums);
        double mean = Groups.mean(numbers);
        double std = Groups.std(numbers);
        double[] all = new double[sums.length];
        for (int i = 0; i < all.length; i++) {
            double difference = sums[i] - mean;
            all[i] = Double.isNaN(difference) || difference == 0 || Double.isNaN(std) ? 0
                    : difference / (std + BATCH_EPSILON);
        }
        return all;
    }
}
