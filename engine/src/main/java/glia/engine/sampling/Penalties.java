package glia.engine.sampling;

/// Makes recent tokens less likely: for a token that came `n > 0` times in the window,
/// `logit' = (logit > 0 ? logit / repetition : logit · repetition) - n · frequency - presence`.
final class Penalties {
    private final SamplingOptions options;
    private final int[] recent;
    private final int[] counts;
    private int length;
    private int next;

    Penalties(SamplingOptions options, int vocabSize) {
        this.options = options;
        this.recent = new int[options.penaltyWindow()];
        this.counts = new int[vocabSize];
    }

    static boolean wanted(SamplingOptions options) {
        return options.penaltyWindow() > 0 && (options.repetitionPenalty() != 1 || options.presencePenalty() != 0
                || options.frequencyPenalty() != 0);
    }

    /// Takes note of a token; the oldest of a full window is forgotten.
    void accept(int token) {
        if (length == recent.length) {
            counts[recent[next]]--;
        } else {
            length++;
        }
        recent[next] = token;
        counts[token]++;
        next = next + 1 == recent.length ? 0 : next + 1;
    }

    void apply(Candidates candidates) {
        // A token may lie in the window often; a negative count marks that its turn is over.
        for (int i = 0; i < length; i++) {
            int token = recent[i];
            int count = counts[token];
            if (count > 0) {
                float logit = candidates.logit(token);
                float repeated = logit > 0 ? logit / options.repetitionPenalty() : logit * options.repetitionPenalty();
                candidates.logit(token, repeated - count * options.frequencyPenalty() - options.presencePenalty());
                counts[token] = -count;
            }
        }
        for (int i = 0; i < length; i++) {
            counts[recent[i]] = Math.abs(counts[recent[i]]);
        }
    }
}
