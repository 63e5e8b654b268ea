package glia.engine.schedule;

/// Limits the prompt tokens of passes that decode other sequences, too, so that a long prompt at most doubles the time
/// between two of their tokens: a chunk may take as long as the last pass without prompts. Where a chunk of the whole
/// budget takes less than a tenth of a second, nothing is limited.
final class PromptPace {
    /// Prompts progress by as many tokens in each pass.
    static final int LEAST_TOKENS = 4;
    private static final double SHORT_NANOS = 1e8;

    /// The last pass without prompt tokens; 0 before there was one.
    private double decodeNanos;
    /// Of a prompt token in the last pass; it grows with the length of the prompt.
    private double tokenNanos;

    /// Takes the time of a pass into account.
    ///
    /// @param numDecoding sequences of which it computed a token
    /// @param numPrompt tokens of prompts in it
    void report(int numDecoding, int numPrompt, long nanos) {
        if (numPrompt == 0) {
            decodeNanos = numDecoding == 0 ? decodeNanos : nanos;
        } else {
            double base = numDecoding == 0 ? 0 : Math.min(decodeNanos, nanos / 2.0);
            tokenNanos = (nanos - base) / numPrompt;
        }
    }

    /// The most prompt tokens of a pass that decodes sequences, too; 0 if it is to tell how long decoding takes.
    int limit(int budget) {
        if (tokenNanos * budget < SHORT_NANOS) {
            return budget;
        }
        return decodeNanos == 0 ? 0 : Math.clamp((long) (decodeNanos / tokenNanos), Math.min(LEAST_TOKENS, budget),
                budget);
    }
}
