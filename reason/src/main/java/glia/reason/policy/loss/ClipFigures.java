package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns;
import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

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
    /// @param low whether a row or sequence is below
    /// @param high whether it is above
    static ClipFigures of(RolloutColumns batch, boolean perSequence, IntPredicate low, IntPredicate high,
            double further) {
        int count = perSequence ? batch.numSequences() : batch.numRows();
        double[] lows = flags(count, low);
        double[] highs = flags(count, high);
        int[] lengths = batch.lengths();
        int[] counted = IntStream.range(0, lengths.length).filter(s -> perSequence || lengths[s] > 0).toArray();
        double[] lowShares = perSequence ? lows : batch.means(lows);
        double[] highShares = perSequence ? highs : batch.means(highs);
        return new ClipFigures(share(count, low), share(count, high), share(count, low.or(high)),
                Arrays.stream(counted).mapToDouble(s -> lowShares[s]).min().orElse(0),
                Arrays.stream(counted).mapToDouble(s -> highShares[s]).max().orElse(0), further);
    }

    private static double[] flags(int count, IntPredicate of) {
        return IntStream.range(0, count).mapToDouble(i -> of.test(i) ? 1 : 0).toArray();
    }

    /// The share of rows or sequences.
    static double share(int count, IntPredicate of) {
        return Arrays.stream(flags(count, of)).sum() / Math.max(1, count);
    }
}
