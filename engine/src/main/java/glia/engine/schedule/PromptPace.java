package glia.engine.schedule;

/// Limits the prompt tokens of passes that decode other sequences, too, so that a long prompt at most doubles the time
/// between two of their tokens: a chunk may take as long as a pass without prompts, of which there is one now and then
/// to measure it. Where a chunk of the whole budget takes less than a tenth of a second, nothing is limited.
final class PromptPace {
    /// Prompts progress by as many tokens in each pass.
    static final int LEAST_TOKENS = 4;
    /// Passes with prompts between two that tell how long decoding takes.
    static final int MOST_SINCE_DECODING = 16;
    private static final double SHORT_NANOS = 1e8;

    /// Of passes without prompt tokens; 0 before there was one. One pass may be slow for another reason, for example
    /// since a prompt is just read: slower ones count for an eighth, faster ones for a half.
    private double decodeNanos;
    /// Of a prompt token in the last passes; it grows with the length of the prompt.
    private double tokenNanos;
    private int sinceDecoding;

    /// Takes the time of a pass into account.
    ///
    /// @param numDecoding sequences of which it computed a token
    /// @param numPrompt tokens of prompts in it
    void report(int numDecoding, int numPrompt, long nanos) {
        if (numPrompt > 0) {
            double base = numDecoding == 0 ? 0 : Math.min(decodeNanos, nanos / 2.0);
            double measured = (nanos - base) / numPrompt;
            tokenNanos = numDecoding == 0 ? measured : (tokenNanos + measured) / 2;
            sinceDecoding++;
        } else if (numDecoding > 0) {
            decodeNanos = decodeNanos == 0 ? nanos
                    : decodeNanos + (nanos - decodeNanos) / (nanos < decodeNanos ? 2 : 8);
            sinceDecoding = 0;
        }
    }

    /// The most prompt tokens of a pass that decodes sequences, too; 0 if it is to tell how long decoding takes.
    int limit(int budget) {
        if (tokenNanos * budget < SHORT_NANOS) {
            return budget;
        }
        return decodeNanos == 0 || sinceDecoding >= MOST_SINCE_DECODING ? 0
                : Math.clamp((long) (decodeNanos / tokenNanos), Math.min(LEAST_TOKENS, budget), budget);
    }
}
