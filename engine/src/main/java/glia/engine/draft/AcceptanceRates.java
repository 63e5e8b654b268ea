package glia.engine.draft;

/// Estimates how often draft tokens are accepted, by the length of the match that they continue, or for those of a
/// model. A sequence begins with the rates of the sequences before it; old observations fade.
///
/// `rate = (accepted + W · prior) / (tried + W)`, where W is the weight of the prior.
public final class AcceptanceRates {
    /// The class of tokens that a model drafted.
    public static final int OF_MODEL = NgramLookup.LONGEST + 1;
    private static final double PRIOR_OF_MODEL = 0.6;
    private static final double WEIGHT_IN_SEQUENCE = 3;
    private static final double WEIGHT_IN_ALL = 6;
    private static final double KEPT_IN_SEQUENCE = 0.95;
    private static final double KEPT_IN_ALL = 0.99;
    /// How much of the observations is kept of a step in which nothing was observed.
    private static final double KEPT_UNSEEN = 0.995;

    private final AcceptanceRates all;
    private final double kept;
    private final double weight;
    private final double[] tried = new double[OF_MODEL + 1];
    private final double[] accepted = new double[OF_MODEL + 1];
    /// Accepted drafts after matches of any length, and how many were expected.
    private double accepts;
    private double expected;

    /// The rates of all sequences together.
    public AcceptanceRates() {
        this(null, KEPT_IN_ALL, WEIGHT_IN_ALL);
    }

    private AcceptanceRates(AcceptanceRates all, double kept, double weight) {
        this.all = all;
        this.kept = kept;
        this.weight = weight;
    }

    /// The rates of one sequence, whose observations these rates get, too.
    public AcceptanceRates ofSequence() {
        return new AcceptanceRates(this, KEPT_IN_SEQUENCE, WEIGHT_IN_SEQUENCE);
    }

    /// The rate of the next token after a match.
    ///
    /// @param match its length, or [#OF_MODEL]
    public double rate(int match) {
        int c = Math.min(match, OF_MODEL);
        double prior = all != null ? all.rate(c) : prior(c);
        return (accepted[c] + weight * prior) / (tried[c] + weight);
    }

    /// A longer match is more probably a quotation. Lengths that were not yet seen share in how far those that were are
    /// better or worse than expected.
    private double prior(int match) {
        return match == OF_MODEL ? PRIOR_OF_MODEL
                : usual(match) * Math.clamp((accepts + WEIGHT_IN_ALL) / (expected + WEIGHT_IN_ALL), 0.1, 1);
    }

    private static double usual(int match) {
        return 1 - 0.8 / (match - 0.6);
    }

    /// Records whether the next token was the one drafted.
    public void observe(int match, boolean isAccepted) {
        int c = Math.min(match, OF_MODEL);
        tried[c] = kept * tried[c] + 1;
        accepted[c] = kept * accepted[c] + (isAccepted ? 1 : 0);
        if (all != null) {
            all.observe(c, isAccepted);
        } else if (c != OF_MODEL) {
            expected = kept * expected + usual(c);
            accepts = kept * accepts + (isAccepted ? 1 : 0);
        }
    }

    /// Lets what was observed of a model's drafts fade, since without drafts nothing is observed.
    public void fade() {
        tried[OF_MODEL] *= KEPT_UNSEEN;
        accepted[OF_MODEL] *= KEPT_UNSEEN;
    }
}
