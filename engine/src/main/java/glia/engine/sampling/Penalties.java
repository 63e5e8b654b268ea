package glia.engine.sampling;

import java.util.Arrays;

/// Repetition, frequency and presence penalties. For a token that occurs `n > 0` times in the window:
/// `logit' = (logit > 0 ? logit / repetition : logit · repetition) - n · frequency - presence`.
///
/// Holds the tokens of the window and their counts.
final class Penalties {
    private static final int MIN_SLOTS = 16;

    private final SamplingOptions options;
    /// The window, a ring once it is full.
    private int[] recent;
    private int length;
    private int next;
    /// A hash table with open addressing: token + 1, or 0 where a slot is free, and its count.
    private int[] tokens = new int[MIN_SLOTS];
    private int[] counts = new int[MIN_SLOTS];
    private int numTokens;

    Penalties(SamplingOptions options) {
        this.options = options;
        this.recent = new int[Math.min(options.penaltyWindow(), MIN_SLOTS)];
    }

    static boolean wanted(SamplingOptions options) {
        return options.penaltyWindow() > 0 && (options.repetitionPenalty() != 1 || options.presencePenalty() != 0
                || options.frequencyPenalty() != 0);
    }

    /// Adds a token; a full window drops its oldest.
    void accept(int token) {
        if (length == options.penaltyWindow()) {
            remove(recent[next]);
        } else {
            length++;
            if (length > recent.length) {
                recent = Arrays.copyOf(recent, Math.min(options.penaltyWindow(), 2 * recent.length));
            }
        }
        recent[next] = token;
        next = next + 1 == options.penaltyWindow() ? 0 : next + 1;
        if (2 * (numTokens + 1) > tokens.length) {
            grow();
        }
        int slot = slot(token);
        numTokens += tokens[slot] == 0 ? 1 : 0;
        tokens[slot] = token + 1;
        counts[slot]++;
    }

    /// The slot of a token, or a free one for it.
    private int slot(int token) {
        int mask = tokens.length - 1;
        int slot = home(token, mask);
        while (tokens[slot] != 0 && tokens[slot] != token + 1) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private static int home(int token, int mask) {
        return (token * 0x9E3779B9 >>> 15) & mask;
    }

    private void grow() {
        int[] oldTokens = tokens;
        int[] oldCounts = counts;
        tokens = new int[2 * oldTokens.length];
        counts = new int[tokens.length];
        for (int i = 0; i < oldTokens.length; i++) {
            if (oldTokens[i] != 0) {
                int slot = slot(oldTokens[i] - 1);
                tokens[slot] = oldTokens[i];
                counts[slot] = oldCounts[i];
            }
        }
    }

    private void remove(int token) {
        int slot = slot(token);
        if (--counts[slot] > 0) {
            return;
        }
        numTokens--;
        // Later tokens of the probe sequence move up, so that each stays reachable from its home slot.
        int mask = tokens.length - 1;
        int free = slot;
        for (int i = slot + 1 & mask; tokens[i] != 0; i = i + 1 & mask) {
            if ((i - home(tokens[i] - 1, mask) & mask) >= (i - free & mask)) {
                tokens[free] = tokens[i];
                counts[free] = counts[i];
                free = i;
            }
        }
        tokens[free] = 0;
        counts[free] = 0;
    }

    void apply(Candidates candidates) {
        for (int i = 0; i < tokens.length; i++) {
            if (tokens[i] != 0) {
                int token = tokens[i] - 1;
                float logit = candidates.logit(token);
                float repeated = logit > 0 ? logit / options.repetitionPenalty() : logit * options.repetitionPenalty();
                candidates.logit(token, repeated - counts[i] * options.frequencyPenalty() - options.presencePenalty());
            }
        }
    }
}
