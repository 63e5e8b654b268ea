package glia.engine.draft;

import java.util.Arrays;

/// Chooses how many tokens each sequence drafts, to generate the most tokens a second:
/// `(sequences + Σ expected accepted tokens) / (time of the pass + time of drafting)`, with measured times and
/// acceptance rates.
///
/// An account bounds what wrong estimates can cost. Each drafted pass pays the time by which it was longer than a pass
/// without drafts, and earns the time that its accepted tokens would have taken. Each second of decoding earns
/// 15 ms. While the account is empty, nothing is drafted,
/// nor while the time without drafts is not measured well: every so often a pass drafts nothing.
public final class DraftPolicy {
    /// The share of the time that may be lost.
    private static final double MOST_LOSS = 0.015;
    /// The account holds at most the time of so many passes, and begins with half.
    private static final double MOST_SAVED = 1;
    /// The least expected gain.
    private static final double LEAST_GAIN = 1.1;
    /// Less probable drafts are not considered.
    private static final double LEAST_PROBABILITY = 0.15;

    /// The least share of a pass that a further token takes, whatever was measured: gains of chance lead nowhere.
    private static final double LEAST_COST = 0.05;
    /// The time in which a model drafts one more token, as a share of a pass, until it is measured.
    private static final double FIRST_DRAFTING_SHARE = 0.2;

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
    private int depth;
    private double account = Double.NaN;

    /// A policy that has measured nothing yet.
    public DraftPolicy() { }

    /// Removes all sequences.
    public void clear() {
        Arrays.fill(rates, 0, size, null);
        size = 0;
        numDrafts = 0;
        depth = 0;
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
        depth = 0;
        double base = passes.estimate(size);
        if (Double.isNaN(base)) {
            return;
        }
        if (Double.isNaN(account)) {
            account = MOST_SAVED * base / 2;
        }
        if (account <= 0 || !passes.isSettled(size)) {
            return;
        }
        for (int i = 0; i < size; i++) {
            chances[i] = limits[i] > 0 ? rates[i].rate(matches[i]) : 0;
        }
        double draftingTime = drafting.estimate(1);
        draftingTime = Double.isNaN(draftingTime) ? FIRST_DRAFTING_SHARE * base : draftingTime;
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
                depth = deepest;
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

    /// Records the time in which a model drafted up to `steps` tokens for each sequence.
    public void drafted(int steps, double seconds) {
        drafting.record(1, seconds / steps);
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
        if (computed > 0) {
            double draftingTime = depth == 0 ? 0 : depth * drafting.estimate(1);
            account += accepted * base / size - (time - base) - (Double.isNaN(draftingTime) ? 0 : draftingTime);
        }
        account = Math.min(account, MOST_SAVED * base);
    }
}
