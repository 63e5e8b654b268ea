package glia.reason.rollout;

import java.util.Arrays;

/// A prompt with a sampled completion. In a rollout of several turns the completion holds the observations of the
/// environment, too: tokens that were not sampled.
///
/// @param prompt the tokens of the prompt
/// @param tokens the tokens after the prompt, end tokens included
/// @param logProbs the log-probability of each sampled token under the model's distribution at the sampling
///     temperature (at temperature 1 for greedy rollouts); 0 for other tokens
/// @param isSampled which tokens were sampled
/// @param finish why it ended
public record Rollout(int[] prompt, int[] tokens, float[] logProbs, boolean[] isSampled, Finish finish) {
    /// Why a rollout ended.
    public enum Finish {
        /// The model ended it by an end token.
        STOP,
        /// The most sampled tokens.
        LENGTH,
        /// The context is full.
        CONTEXT
    }

    /// @throws IllegalArgumentException if there is not one of each for each token
    public Rollout {
        if (logProbs.length != tokens.length || isSampled.length != tokens.length) {
            throw new IllegalArgumentException(logProbs.length + " log-probabilities and " + isSampled.length
                    + " marks for " + tokens.length + " tokens");
        }
    }

    /// Prompt and completion, end to end.
    public int[] sequence() {
        int[] all = Arrays.copyOf(prompt, prompt.length + tokens.length);
        System.arraycopy(tokens, 0, all, prompt.length, tokens.length);
        return all;
    }

    /// 1 for each sampled token of the sequence, 0 for the others.
    public float[] mask() {
        float[] mask = new float[prompt.length + tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            mask[prompt.length + i] = isSampled[i] ? 1 : 0;
        }
        return mask;
    }

    /// The number of sampled tokens.
    public int numSampled() {
        int count = 0;
        for (boolean sampled : isSampled) {
            count += sampled ? 1 : 0;
        }
        return count;
    }

    /// Whether the model ended it by itself.
    public boolean isFinished() {
        return finish == Finish.STOP;
    }
}
