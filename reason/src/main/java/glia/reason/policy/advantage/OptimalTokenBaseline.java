package glia.reason.policy.advantage;

import glia.reason.rollout.RolloutColumns.Column;
import glia.reason.rollout.RolloutColumns;
import java.util.Arrays;
import java.util.stream.IntStream;

/// A baseline for each token that lowers the variance of the gradient: the mean of the group's rewards to go at the
/// same token, weighted by the accumulated squared length of the scores of the path.
///
/// > A[t] = G[t] - Σ_g G[t]·W[t] / (Σ_g W[t] + 1e-8), W[t] = Σ_{j ≤ t} (1 - 2π[j] + Σ_v π²)
///
/// A lone completion has no baseline. Tokens are counted without observations between them, unless the column
/// [Column#PLACE] says where they are.
///
/// @param clearsTail whether the baseline is 0 where only the longest completion of a group has tokens left
public record OptimalTokenBaseline(boolean clearsTail) implements AdvantageEstimator {
    private static final double EPSILON = 1e-8;

    @Override
    public RolloutColumns of(RolloutColumns in) {
        double[] logProbs = in.required(Column.OLD, "an optimal token baseline");
        double[] squares = in.required(Column.SQUARED_PROBS, "an optimal token baseline");
        double[] returns = AdvantageEstimator.discounted(in, in.rewards(), 1);
        int[] lengths = in.lengths();
        int[] starts = new int[lengths.length + 1];
        Arrays.setAll(starts, s -> s == 0 ? 0 : starts[s - 1] + lengths[s - 1]);
        double[] energies = new double[returns.length];
        int[] places = new int[returns.length];
        for (int n = 0; n < energies.length; n++) {
            int start = starts[in.sequences()[n]];
            energies[n] = 1 - 2 * Math.exp(logProbs[n]) + squares[n] + (n == start ? 0 : energies[n - 1]);
            places[n] = in.has(Column.PLACE) ? (int) in.get(Column.PLACE)[n] : n - start;
        }
        double[] advantages = returns.clone();
        for (int[] members : RewardStatistics.groups(in, new double[lengths.length])) {
            int[] rows = Arrays.stream(members).flatMap(s -> IntStream.range(starts[s], starts[s + 1])).toArray();
            int slots = Arrays.stream(rows).map(n -> places[n] + 1).max().orElse(0);
            double[] weighted = new double[slots];
            double[] weights = new double[slots];
            for (int n : rows) {
                weighted[places[n]] += returns[n] * energies[n];
                weights[places[n]] += energies[n];
            }
            int[] sorted = Arrays.stream(members).map(s -> lengths[s]).sorted().toArray();
            int longest = sorted[sorted.length - 1];
            int second = sorted.length < 2 ? longest : sorted[sorted.length - 2];
            boolean isLone = in.has(Column.PLACE) ? members.length == 1
                    : Arrays.stream(members).filter(s -> lengths[s] > 0).count() == 1;
            for (int n : rows) {
                boolean isTail = clearsTail && lengths[in.sequences()[n]] == longest && places[n] >= second
                        && longest > second;
                advantages[n] -= isLone || isTail ? 0 : weighted[places[n]] / (weights[places[n]] + EPSILON);
            }
        }
        return in.withAdvantages(advantages).with(Column.RETURN, returns);
    }
}
