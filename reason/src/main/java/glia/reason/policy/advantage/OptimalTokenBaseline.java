package glia.reason.policy.advantage;

import java.util.Arrays;
import java.util.stream.IntStream;

/// A baseline for each token that lowers the variance of the gradient: the mean of the group's rewards to go at the
/// same token, weighted by the accumulated squared length of the scores of the path.
///
/// > A[t] = G[t] - Σ_g G[t]·W[t] / (Σ_g W[t] + 1e-8), W[t] = Σ_{j ≤ t} (1 - 2π[j] + Σ_v π²)
///
/// A lone completion has no baseline.
///
/// @param clearsTail whether the baseline is 0 where only the longest completion of a group has tokens left
/// @param compacts whether tokens are counted without observations between them, for tools and several turns; else the
///     places of completions are aligned as they are
public record OptimalTokenBaseline(boolean clearsTail, boolean compacts) implements AdvantageEstimator {
    private static final double EPSILON = 1e-8;

    /// @throws IllegalArgumentException if there are no log-probabilities or sums of squared probabilities
    @Override
    public Advantages of(AdvantageInput input) {
        int size = input.size();
        if (input.oldLogProbs().length != size || input.squaredProbs().length != size) {
            throw new IllegalArgumentException("an optimal token baseline needs log-probabilities and sums of squared "
                    + "probabilities of each completion, found " + input.oldLogProbs().length + " and "
                    + input.squaredProbs().length + ", expected " + size);
        }
        double[][] returns = Returns.toGo(input.placeRewards(), input.mask());
        double[][] energies = new double[size][];
        int[][] places = new int[size][];
        for (int i = 0; i < size; i++) {
            energies[i] = energies(input, i);
            places[i] = places(input.mask()[i]);
        }
        double[][] advantages = new double[size][];
        for (int i = 0; i < size; i++) {
            advantages[i] = new double[returns[i].length];
        }
        for (int[] members : Groups.members(input.groups(), new double[size])) {
            group(members(members, places), places, returns, energies, advantages);
        }
        return new Advantages(advantages, returns, new double[0]);
    }

    private int[] members(int[] members, int[][] places) {
        return compacts ? Arrays.stream(members).filter(i -> places[i].length > 0).toArray() : members;
    }

    private static double[] energies(AdvantageInput input, int i) {
        double[] sums = new double[input.mask()[i].length];
        double sum = 0;
        for (int t = 0; t < sums.length; t++) {
            if (input.mask()[i][t]) {
                sum += 1 - 2 * Math.exp(input.oldLogProbs()[i][t]) + input.squaredProbs()[i][t];
            }
            sums[t] = sum;
        }
        return sums;
    }

    private static int[] places(boolean[] mask) {
        return IntStream.range(0, mask.length).filter(t -> mask[t]).toArray();
    }

    private void group(int[] members, int[][] places, double[][] returns, double[][] energies,
            double[][] advantages) {
        int longest = 0;
        int second = 0;
        int slots = 0;
        for (int i : members) {
            int length = places[i].length;
            second = Math.max(second, Math.min(longest, length));
            longest = Math.max(longest, length);
            slots = Math.max(slots, compacts || length == 0 ? length : places[i][length - 1] + 1);
        }
        double[] weighted = new double[slots];
        double[] weights = new double[slots];
        for (int i : members) {
            for (int k = 0; k < places[i].length; k++) {
                int slot = compacts ? k : places[i][k];
                weighted[slot] += returns[i][places[i][k]] * energies[i][places[i][k]];
                weights[slot] += energies[i][places[i][k]];
            }
        }
        for (int i : members) {
            boolean hasTail = clearsTail && places[i].length == longest && longest > second;
            for (int k = 0; k < places[i].length; k++) {
                int slot = compacts ? k : places[i][k];
                double baseline = members.length == 1 || hasTail && slot >= second ? 0
                        : weighted[slot] / (weights[slot] + EPSILON);
                advantages[i][places[i][k]] = returns[i][places[i][k]] - baseline;
            }
        }
    }
}
