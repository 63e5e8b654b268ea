package glia.engine.draft;

import java.util.Arrays;

/// Measures the time of decode passes by their number of tokens. The lower quartile of the last passes counts, since
/// other programs can only lengthen them.
public final class PassTimes {
    /// Passes of more tokens count as passes of this many.
    static final int MOST_TOKENS = 640;
    private static final int SAMPLES = 8;
    /// A time that was not measured again for so many passes is forgotten: the context has grown, or it was wrong.
    private static final int FORGOTTEN_AFTER = 300;
    private static final int SETTLED = 3;
    private static final int STALE_AFTER = 24;

    private final float[][] samples = new float[MOST_TOKENS + 1][];
    private final int[] counts = new int[MOST_TOKENS + 1];
    private final float[] estimates = new float[MOST_TOKENS + 1];
    private final long[] lastSeen = new long[MOST_TOKENS + 1];
    private final float[] sorted = new float[SAMPLES];
    private long passes;
    /// The most tokens that were measured.
    private int highest;

    /// No measured times.
    public PassTimes() { }

    /// Records the time of a pass in seconds. The first pass of each number of tokens does not count: code is generated
    /// and memory is taken for it.
    public void record(int tokens, double seconds) {
        passes++;
        if (tokens < 1 || tokens > MOST_TOKENS) {
            return;
        }
        if (samples[tokens] == null) {
            samples[tokens] = new float[SAMPLES];
            lastSeen[tokens] = passes;
            return;
        }
        if (isForgotten(tokens)) {
            counts[tokens] = 0;
        }
        highest = Math.max(highest, tokens);
        lastSeen[tokens] = passes;
        float[] of = samples[tokens];
        of[counts[tokens]++ % SAMPLES] = (float) seconds;
        if (counts[tokens] == 2 * SAMPLES) {
            counts[tokens] = SAMPLES;
        }
        int count = Math.min(counts[tokens], SAMPLES);
        System.arraycopy(of, 0, sorted, 0, count);
        Arrays.sort(sorted, 0, count);
        estimates[tokens] = sorted[count / 4];
    }

    private boolean isForgotten(int tokens) {
        return passes - lastSeen[tokens] > FORGOTTEN_AFTER;
    }

    private boolean isKnown(int tokens) {
        return counts[tokens] > 0 && !isForgotten(tokens);
    }

    /// Whether the time of passes of so many tokens was measured often enough, and not long ago. What is never measured
    /// again may stay wrong forever.
    public boolean isSettled(int tokens) {
        return tokens > MOST_TOKENS || counts[tokens] >= SETTLED && passes - lastSeen[tokens] < STALE_AFTER;
    }

    /// The most tokens of a pass whose time can be estimated well enough to try it: half as many again as were
    /// measured, and one.
    public int reach() {
        return highest + highest / 2 + 1;
    }

    /// The expected time of a pass of so many tokens, in seconds: measured, interpolated, or, beyond what was measured,
    /// extrapolated with a slope that is higher the more tokens share the weights already.
    ///
    /// @return NaN if nothing is known
    public double estimate(int tokens) {
        int asked = Math.min(tokens, MOST_TOKENS);
        if (isKnown(asked)) {
            return estimates[asked];
        }
        int below = asked - 1;
        while (below > 0 && !isKnown(below)) {
            below--;
        }
        int above = asked + 1;
        while (above <= highest && !isKnown(above)) {
            above++;
        }
        if (below == 0) {
            return above > highest ? Double.NaN : estimates[above];
        }
        if (above > highest) {
            double slope = Math.min(0.9, 0.1 + 0.05 * below) * estimates[below] / below;
            int before = below - 1;
            while (before > 0 && !isKnown(before)) {
                before--;
            }
            double measured = before == 0 ? 0 : (estimates[below] - estimates[before]) / (below - before);
            return estimates[below] + Math.max(slope, measured) * (tokens - below);
        }
        double share = (double) (asked - below) / (above - below);
        return estimates[below] + share * (Math.max(estimates[above], estimates[below]) - estimates[below]);
    }
}
