package glia.reason.rollout;

import glia.model.block.Input;
import java.util.Arrays;

/// A prompt with a sampled completion. In a rollout of several turns the completion holds the observations of the
/// environment, too: tokens that were not sampled.
///
/// @param prompt the tokens of the prompt, with the rows of its pictures
/// @param tokens the tokens after the prompt, end tokens included
/// @param logProbs the log-probability of each sampled token under the model's distribution at the sampling
///     temperature (at temperature 1 for greedy rollouts); 0 for other tokens
/// @param isSampled which tokens were sampled
/// @param finish why it ended
public record Rollout(Input prompt, int[] tokens, float[] logProbs, boolean[] isSampled, Finish finish) {
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

    /// A rollout of a prompt of text alone.
    public Rollout(int[] prompt, int[] tokens, float[] logProbs, boolean[] isSampled, Finish finish) {
        this(Input.of(prompt), tokens, logProbs, isSampled, finish);
    }

    /// Prompt and completion, end to end.
    public int[] sequence() {
        int length = prompt.ids().length;
        int[] all = Arrays.copyOf(prompt.ids(), length + tokens.length);
        System.arraycopy(tokens, 0, all, length, tokens.length);
        return all;
    }

    /// The same with the rows of the prompt.
    public Input input() {
        return new Input(sequence(), prompt.embedded());
    }

    /// 1 for each sampled token of the sequence, 0 for the others.
    public float[] mask() {
        int length = prompt.ids().length;
        float[] mask = new float[length + tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            mask[length + i] = isSampled[i] ? 1 : 0;
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
