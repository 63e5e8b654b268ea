package glia.reason.policy.advantage;

/// Advantages and returns of completions.
///
/// @param advantages of each place, as the estimator gives them: places outside the mask have no meaning
/// @param returns of each place, which a value model learns
/// @param sequences the advantage of each completion; empty where tokens of a completion differ
public record Advantages(double[][] advantages, double[][] returns, double[] sequences) {
    /// Whether all tokens of a completion have the same advantage.
    public boolean isPerSequence() {
        return sequences.length > 0 || advantages.length == 0;
    }

    /// One advantage for all tokens of each completion.
    static Advantages ofSequences(double[] sequences, boolean[][] mask) {
        double[][] rows = broadcast(sequences, mask);
        return new Advantages(rows, rows, sequences);
    }

    /// A number of each completion at the places of its mask, 0 at others.
    static double[][] broadcast(double[] sequences, boolean[][] mask) {
        double[][] rows = new double[mask.length][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = new double[mask[i].length];
            for (int t = 0; t < rows[i].length; t++) {
                rows[i][t] = mask[i][t] ? sequences[i] : 0;
            }
        }
        return rows;
    }

    /// The advantages of all tokens in the mask, completion after completion: the rows of a loss.
    public double[] rows(boolean[][] mask) {
        int count = 0;
        for (boolean[] row : mask) {
            for (boolean counts : row) {
                count += counts ? 1 : 0;
            }
        }
        double[] rows = new double[count];
        int at = 0;
        for (int i = 0; i < mask.length; i++) {
            for (int t = 0; t < mask[i].length; t++) {
                if (mask[i][t]) {
                    rows[at++] = advantages[i][t];
                }
            }
        }
        return rows;
    }
}
