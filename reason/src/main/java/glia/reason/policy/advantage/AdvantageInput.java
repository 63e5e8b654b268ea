package glia.reason.policy.advantage;

import java.util.Arrays;

/// What advantages are computed from: completions with groups, rewards and masks. A completion has a place for each of
/// its tokens; places whose mask is false are observations of an environment or padding.
///
/// @param groups the group of each completion: those of the same prompt have the same number
/// @param mask whether each place of each completion is a token that the policy chose
/// @param scores rewards of each completion, `[completions][columns]`; NaN where a reward does not apply
/// @param weights of the columns
/// @param tokenRewards a reward for each place; empty if there are scores only
/// @param values of a value model at each place, empty without one
/// @param baselines the reward of a greedy answer for each completion, for ReMax, else empty
/// @param oldLogProbs of each place under the policy at generation, for optimal token baselines, else empty
/// @param squaredProbs the sum of squared probabilities of each place's distribution, for optimal token baselines
public record AdvantageInput(int[] groups, boolean[][] mask, double[][] scores, double[] weights,
        double[][] tokenRewards, double[][] values, double[] baselines, double[][] oldLogProbs,
        double[][] squaredProbs) {
    private static final double[][] NO_ROWS = {};
    private static final double[] NONE = {};

    /// @throws IllegalArgumentException if arrays do not fit each other
    public AdvantageInput {
        int count = mask.length;
        require("groups", groups.length == count, groups.length, count);
        if (scores.length > 0) {
            require("scores", scores.length == count, scores.length, count);
            for (double[] row : scores) {
                require("scores of a completion", row.length == weights.length, row.length, weights.length);
            }
        }
        requirePlaces("tokenRewards", tokenRewards, mask);
        requirePlaces("values", values, mask);
        requirePlaces("oldLogProbs", oldLogProbs, mask);
        requirePlaces("squaredProbs", squaredProbs, mask);
        require("baselines", baselines.length == 0 || baselines.length == count, baselines.length, count);
    }

    private static void requirePlaces(String name, double[][] rows, boolean[][] mask) {
        if (rows.length > 0) {
            require(name, rows.length == mask.length, rows.length, mask.length);
            for (int i = 0; i < rows.length; i++) {
                require(name + '[' + i + ']', rows[i].length == mask[i].length, rows[i].length, mask[i].length);
            }
        }
    }

    private static void require(String name, boolean fits, int found, int expected) {
        if (!fits) {
            throw new IllegalArgumentException(name + ": found " + found + " entries, expected " + expected);
        }
    }

    /// Completions with one reward each.
    public static AdvantageInput ofRewards(int[] groups, boolean[][] mask, double... rewards) {
        double[][] columns = new double[rewards.length][];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = new double[] {rewards[i]};
        }
        return ofScores(groups, mask, columns, 1);
    }

    /// Completions with a reward in each of several columns.
    public static AdvantageInput ofScores(int[] groups, boolean[][] mask, double[][] scores, double... weights) {
        return new AdvantageInput(groups, mask, scores, weights, NO_ROWS, NO_ROWS, NONE, NO_ROWS, NO_ROWS);
    }

    /// Completions with a reward at each place.
    public static AdvantageInput ofTokenRewards(int[] groups, boolean[][] mask, double[][] rewards) {
        return new AdvantageInput(groups, mask, NO_ROWS, NONE, rewards, NO_ROWS, NONE, NO_ROWS, NO_ROWS);
    }

    /// The same with a value at each place.
    public AdvantageInput withValues(double[]... numbers) {
        return new AdvantageInput(groups, mask, scores, weights, tokenRewards, numbers, baselines, oldLogProbs,
                squaredProbs);
    }

    /// The same with the reward of a greedy answer for each completion.
    public AdvantageInput withBaselines(double... rewards) {
        return new AdvantageInput(groups, mask, scores, weights, tokenRewards, values, rewards, oldLogProbs,
                squaredProbs);
    }

    /// The same with what optimal token baselines need.
    public AdvantageInput withDistributions(double[][] logProbs, double[][] squares) {
        return new AdvantageInput(groups, mask, scores, weights, tokenRewards, values, baselines, logProbs, squares);
    }

    /// The number of completions.
    public int size() {
        return mask.length;
    }

    /// The reward of each completion: the weighted sum of its columns without those that do not apply, NaN if none
    /// applies; or the sum of its places' rewards.
    public double[] outcomes() {
        double[] outcomes = new double[size()];
        for (int i = 0; i < outcomes.length; i++) {
            outcomes[i] = scores.length > 0 ? weighted(scores[i], weights) : Arrays.stream(tokenRewards[i]).sum();
        }
        return outcomes;
    }

    static double weighted(double[] columns, double[] weights) {
        double sum = 0;
        boolean any = false;
        for (int k = 0; k < columns.length; k++) {
            if (!Double.isNaN(columns[k])) {
                sum += columns[k] * weights[k];
                any = true;
            }
        }
        return any ? sum : Double.NaN;
    }

    /// The rewards of places; without them the reward of a completion is that of its last token, NaN counts as 0.
    public double[][] placeRewards() {
        if (scores.length == 0) {
            return tokenRewards;
        }
        double[] outcomes = outcomes();
        double[][] rewards = new double[size()][];
        for (int i = 0; i < rewards.length; i++) {
            rewards[i] = new double[mask[i].length];
            int last = mask[i].length - 1;
            while (last >= 0 && !mask[i][last]) {
                last--;
            }
            if (last >= 0 && !Double.isNaN(outcomes[i])) {
                rewards[i][last] = outcomes[i];
            }
        }
        return rewards;
    }
}
