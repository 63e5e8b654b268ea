package glia.engine.speech;

import java.util.Arrays;
import java.util.List;

/// Which tokens may follow, as logits: timestamps come in pairs and never go back; there is one where all timestamps
/// together are more probable than any token of text. The rules are those of the reference implementation,
/// https://github.com/openai/whisper.
final class SpeechRules {
    private final SpeechTokens tokens;
    private final boolean hasTimestamps;

    SpeechRules(SpeechTokens tokens, boolean hasTimestamps) {
        this.tokens = tokens;
        this.hasTimestamps = hasTimestamps;
    }

    /// Sets the logits of tokens that may not follow to -∞.
    ///
    /// @param text the tokens of the window so far
    void apply(float[] logits, List<Integer> text) {
        for (int i = 0; i < logits.length; i++) {
            logits[i] = tokens.suppressed[i] ? Float.NEGATIVE_INFINITY : logits[i];
        }
        if (text.isEmpty()) {
            for (int token : tokens.suppressedFirst) {
                logits[token] = Float.NEGATIVE_INFINITY;
            }
        }
        int first = tokens.firstTimestamp();
        logits[tokens.noTimestamps] = Float.NEGATIVE_INFINITY;
        if (!hasTimestamps) {
            exclude(logits, first, logits.length);
            return;
        }
        boolean lastIsTime = !text.isEmpty() && text.getLast() >= first;
        boolean pairIsDone = text.size() < 2 || text.get(text.size() - 2) >= first;
        if (lastIsTime) {
            exclude(logits, pairIsDone ? first : 0, pairIsDone ? logits.length : tokens.end);
        }
        int last = text.stream().filter(t -> t >= first).reduce(-1, (a, b) -> b);
        if (last >= 0) {
            exclude(logits, first, lastIsTime && !pairIsDone ? last : last + 1);
        }
        if (text.isEmpty()) {
            exclude(logits, 0, first);
            exclude(logits, Math.min(logits.length, first + tokens.mostInitial + 1), logits.length);
        }
        float best = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < first; i++) {
            best = Math.max(best, logits[i]);
        }
        if (logSum(logits, first, logits.length) > best) {
            exclude(logits, 0, first);
        }
    }

    private static void exclude(float[] logits, int from, int to) {
        Arrays.fill(logits, from, Math.max(from, to), Float.NEGATIVE_INFINITY);
    }

    /// `ln Σ e^z` of some logits.
    static double logSum(float[] logits, int from, int to) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = from; i < to; i++) {
            largest = Math.max(largest, logits[i]);
        }
        if (largest == Float.NEGATIVE_INFINITY) {
            return largest;
        }
        double sum = 0;
        for (int i = from; i < to; i++) {
            // Less than 1e-10 of the largest does not count among a vocabulary of 1e5.
            if (logits[i] > largest - 30) {
                sum += Math.exp(logits[i] - largest);
            }
        }
        return largest + Math.log(sum);
    }
}
