package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns;

/// How much of a batch a loss clips. Shares are of tokens, or of sequences where there is one ratio for each.
///
/// @param low share whose ratio is below the range and whose advantage is negative
/// @param high share whose ratio is above the range and whose advantage is positive
/// @param any share that is clipped
/// @param lowMin the smallest share `low` of a sequence
/// @param highMax the largest share `high` of a sequence
/// @param further share that a second bound clips: dual clip
public record ClipFigures(double low, double high, double any, double lowMin, double highMax, double further) {
    /// For losses that clip nothing.
    public static final ClipFigures NONE = new ClipFigures(0, 0, 0, 0, 0, 0);

    /// Counts what is clipped.
    ///
    /// @param low whether each row or sequence is below
    /// @param high whether it is above
    /// @param further whether it is beyond a second bound
    static ClipFigures of(RolloutColumns batch, boolean perSequence, boolean[] low, boolean[] high, boolean[] further) {
        double[] lows = shares(batch, perSequence, low);
        double[] highs = shares(batch, perSequence, high);
        int[] lengths = batch.lengths();
        double lowMin = Double.POSITIVE_INFINITY;
        double highMax = Double.NEGATIVE_INFINITY;
        for (int s = 0; s < lengths.length; s++) {
            if (perSequence || lengths[s] > 0) {
                lowMin = Math.min(lowMin, lows[s]);
                highMax = Math.max(highMax, highs[s]);
            }
        }
        boolean isEmpty = lowMin == Double.POSITIVE_INFINITY;
        boolean[] any = new boolean[low.length];
        for (int i = 0; i < any.length; i++) {
            any[i] = low[i] || high[i];
        }
        return new ClipFigures(share(low), share(high), share(any), isEmpty ? 0 : lowMin, isEmpty ? 0 : highMax,
                share(further));
    }

    private static double[] shares(RolloutColumns batch, boolean perSequence, boolean[] which) {
        double[] ones = new double[which.length];
        for (int i = 0; i < ones.length; i++) {
            ones[i] = which[i] ? 1 : 0;
        }
        return perSequence ? ones : batch.means(ones);
    }

    static double share(boolean[] which) {
        int count = 0;
        for (boolean one : which) {
            count += one ? 1 : 0;
        }
        return (double) count / Math.max(1, which.length);
    }
}
