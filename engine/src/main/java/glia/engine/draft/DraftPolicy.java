package glia.engine.draft;

import java.util.Arrays;

/// Chooses how many tokens each sequence drafts, to generate the most tokens a second:
/// `(sequences + Σ expected accepted tokens) / (time of the pass + time of drafting)`, with measured times and
/// acceptance rates.
///
/// An account bounds what wrong estimates can cost. Each drafted pass pays the time by which it was longer than a pass
/// without drafts, and earns the time that its accepted tokens would have taken. Each second of passes earns 15 ms.
/// While the account is empty, nothing is drafted, nor while the time without drafts is not measured well: every so
/// often a pass drafts nothing.
///
/// A draft model must read a text before it drafts, which pays off only later. A second account pays for that: it earns
/// the same, and what the first cannot hold. A text is read once it can be paid.
public final class DraftPolicy {
    /// The share of the time that may be lost.
    private static final double MOST_LOSS = 0.015;
    /// The account holds at most the time of so many passes, and begins with half.
    private static final double MOST_SAVED = 1;
    /// The account for reading holds at most the time of so many passes, and begins with 2.
    private static final double MOST_SAVED_TO_READ = 1000;
    /// The least expected gain.
    private static final double LEAST_GAIN = 1.1;
    /// Less probable drafts are not considered.
    private static final double LEAST_PROBABILITY = 0.15;

    /// The least share of a pass that a further token takes, whatever was measured: gains of chance lead nowhere.
    private static final double LEAST_COST = 0.05;
    /// The time in which a model reads one token, as a share of the time to draft one, until it is measured.
    private static final double FIRST_READING_SHARE = 0.15;

    private final double firstDraftingShare;
    private final PassTimes passes = new PassTimes();
    /// The times in which a model drafts one more token for all sequences.
    private final PassTimes drafting = new PassTimes();
    private double[] chances = new double[8];
    private int[] matches = new int[8];
    private int[] limits = new int[8];
    private int[] counts = new int[8];
    private AcceptanceRates[] rates = new AcceptanceRates[8];
    /// The sequences of the drafts, in the order in which they were added.
    private int[] order = new int[8 * DraftTokens.MOST];
    private int size;
    private int numDrafts;
    private double account = Double.NaN;
    private double readingAccount;
    /// The time to read one token.
    private double readingTime = Double.NaN;
    /// The time to read what the sequences that were added need.
    private double planned;

    /// A policy that has measured nothing yet.
    ///
    /// @param draftingShare the time in which a model drafts one more token, as a share of a pass, until it is measured
    public DraftPolicy(double draftingShare) {
        this.firstDraftingShare = draftingShare;
    }

    /// Removes all sequences.
    public void clear() {
        Arrays.fill(rates, 0, size, null);
        size = 0;
        numDrafts = 0;
        planned = 0;
    }

    /// Whether the model may read so many tokens of a further sequence, to draft for it.
    public boolean mayRead(int tokens) {
        if (tokens == 0) {
            return true;
        }
        double base = passes.estimate(1);
        double perToken = Double.isNaN(readingTime) ? FIRST_READING_SHARE * draftingTime(base) : readingTime;
        double time = tokens * perToken;
        if (Double.isNaN(account) || !(planned + time <= readingAccount)) {
            return false;
        }
        planned += time;
        return true;
    }

    /// Adds a sequence.
    ///
    /// @param match the length of its match in the text; [AcceptanceRates#OF_MODEL] if a model drafts
    /// @param limit the most tokens that it may draft, up to [DraftTokens#MOST]
    public void add(int match, int limit, AcceptanceRates ofSequence) {
        if (size == counts.length) {
            chances = Arrays.copyOf(chances, 2 * size);
            matches = Arrays.copyOf(matches, 2 * size);
            limits = Arrays.copyOf(limits, 2 * size);
            counts = Arrays.copyOf(counts, 2 * size);
            rates = Arrays.copyOf(rates, 2 * size);
            order = Arrays.copyOf(order, 2 * order.length);
        }
        matches[size] = match;
        limits[size] = limit;
        rates[size++] = ofSequence;
    }

    /// The number of draft tokens of a sequence.
    public int count(int sequence) {
        return counts[sequence];
    }

    /// Gives every sequence the same number of draft tokens, if it may have so many.
    ///
    /// @param most the most of all sequences together
    public void choose(int most, int fixed) {
        numDrafts = 0;
        for (int i = 0; i < size; i++) {
            counts[i] = Math.min(Math.min(limits[i], fixed), most - numDrafts);
            numDrafts += counts[i];
        }
    }

    /// Chooses the number of draft tokens of each sequence.
    ///
    /// @param most the most of all sequences together
    public void choose(int most) {
        Arrays.fill(counts, 0, size, 0);
        numDrafts = 0;
        double base = passes.estimate(size);
        if (Double.isNaN(base)) {
            return;
        }
        if (Double.isNaN(account)) {
            account = MOST_SAVED * base / 2;
            readingAccount += 2 * base;
        }
        if (account <= 0 || !passes.isSettled(size)) {
            return;
        }
        for (int i = 0; i < size; i++) {
            chances[i] = limits[i] > 0 ? rates[i].rate(matches[i]) : 0;
        }
        double draftingTime = draftingTime(base);
        double best = LEAST_GAIN * size / base;
        double expected = size;
        int deepest = 0;
        int total = 0;
        int room = Math.min(most, passes.reach() - size);
        for (int i = best(); total < room && chances[i] >= LEAST_PROBABILITY; i = best()) {
            expected += chances[i];
            order[total++] = i;
            counts[i]++;
            boolean ofModel = matches[i] == AcceptanceRates.OF_MODEL;
            deepest = ofModel ? Math.max(deepest, counts[i]) : deepest;
            double rate = expected / (timeOf(total, base) + deepest * draftingTime);
            if (rate > best) {
                best = rate;
                numDrafts = total;
            }
            int next = ofModel ? matches[i] : Math.min(matches[i] + counts[i], NgramLookup.LONGEST);
            chances[i] = counts[i] < limits[i] ? chances[i] * rates[i].rate(next) : 0;
        }
        for (int t = numDrafts; t < total; t++) {
            counts[order[t]]--;
        }
    }

    private double timeOf(int drafts, double base) {
        return Math.max(passes.estimate(size + drafts), base * (1 + LEAST_COST * drafts / size));
    }

    private int best() {
        int best = 0;
        for (int i = 1; i < size; i++) {
            best = chances[i] > chances[best] ? i : best;
        }
        return best;
    }

    private double draftingTime(double base) {
        double measured = drafting.estimate(1);
        return Double.isNaN(measured) ? firstDraftingShare * base : measured;
    }

    /// Records the time in which a model drafted up to `steps` tokens for each sequence.
    ///
    /// @param read tokens that it read first, besides those of the last pass
    public void drafted(int steps, int read, double seconds) {
        double usual = steps * drafting.estimate(1);
        if (read == 0) {
            account -= Double.isNaN(usual) ? seconds : usual;
            drafting.record(1, seconds / steps);
            return;
        }
        double reading = Double.isNaN(usual) ? seconds : Math.max(0, seconds - usual);
        account -= seconds - reading;
        readingAccount -= reading;
        readingTime = Double.isNaN(readingTime) ? reading / read : (readingTime + reading / read) / 2;
    }

    /// Records a pass of prompts alone.
    public void prefilled(double seconds) {
        readingAccount += MOST_LOSS * seconds;
    }

    /// Records the pass of the sequences that were added.
    ///
    /// @param computed the number of draft tokens in it
    /// @param accepted the number of accepted ones
    /// @param seconds the time of the pass; NaN if it computed prompts, too
    public void computed(int computed, int accepted, double seconds) {
        if (!Double.isNaN(seconds)) {
            passes.record(size + computed, seconds);
        }
        double base = passes.estimate(size);
        if (Double.isNaN(base) || Double.isNaN(account)) {
            return;
        }
        double time = timeOf(computed, base);
        account += MOST_LOSS * time;
        readingAccount += MOST_LOSS * (Double.isNaN(seconds) ? time : seconds);
        if (computed > 0) {
            account += accepted * base / size - (time - base);
        }
        if (account > MOST_SAVED * base) {
            readingAccount += account - MOST_SAVED * base;
            account = MOST_SAVED * base;
        }
        readingAccount = Math.min(readingAccount, MOST_SAVED_TO_READ * base);
    }

    /// Measures the time of decode passes by their number of tokens. The lower quartile of the last passes counts,
    /// since other programs can only lengthen them.
    public static final class PassTimes {
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

        /// Records the time of a pass in seconds. The first pass of each number of tokens does not count: code is
        /// generated and memory is taken for it.
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

        /// Whether the time of passes of so many tokens was measured often enough, and not long ago. What is never
        /// measured again may stay wrong forever.
        public boolean isSettled(int tokens) {
            return tokens > MOST_TOKENS || counts[tokens] >= SETTLED && passes - lastSeen[tokens] < STALE_AFTER;
        }

        /// The most tokens of a pass whose time can be estimated well enough to try it: half as many again as were
        /// measured, and one.
        public int reach() {
            return highest + highest / 2 + 1;
        }

        /// The expected time of a pass of so many tokens, in seconds: measured, interpolated, or, beyond what was
        /// measured, extrapolated with a slope that is higher the more tokens share the weights already.
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
}
