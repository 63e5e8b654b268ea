package glia.reason.rollout;

import glia.engine.sampling.Sampler;
import glia.engine.state.Sequence;
import glia.reason.rollout.Rollout.Finish;
import java.util.Arrays;

/// A rollout that grows.
final class Slot {
    private static final int INITIAL_TOKENS = 64;

    /// Its index in the result.
    final int index;
    final Sampler sampler;
    private final int[] prompt;
    private final RolloutOptions options;
    /// The most tokens of prompt and completion.
    private final int limit;
    /// Null until the prompt of its group is computed.
    Sequence sequence;
    /// The row of its logits in the last pass; -1 if it has none.
    int row = -1;
    private int[] ids;
    private float[] logProbs;
    private boolean[] isSampled;
    private int length;
    private int numSampled;
    private Finish finish;

    /// @param hasTurns whether observations may follow
    Slot(int index, int[] prompt, Sampler sampler, RolloutOptions options, boolean hasTurns) {
        this.index = index;
        this.prompt = prompt;
        this.sampler = sampler;
        this.options = options;
        length = prompt.length;
        limit = hasTurns ? options.maxContext()
                : (int) Math.min(options.maxContext(), (long) prompt.length + options.maxTokens());
        ids = Arrays.copyOf(prompt, Math.min(limit, prompt.length + INITIAL_TOKENS));
        logProbs = new float[ids.length];
        isSampled = new boolean[ids.length];
    }

    int[] ids() {
        return ids;
    }

    int length() {
        return length;
    }

    int[] prompt() {
        return prompt;
    }

    /// Tokens that are not computed yet.
    int remaining() {
        return length - sequence.length();
    }

    /// The most bytes of KV cache that it may still take; with a copy of the prompt's last block, which may be shared.
    ///
    /// @param empty an empty sequence
    long bytesToAppend(Sequence empty) {
        return sequence == null ? empty.bytesToAppend(limit) + empty.bytesToAppend(1)
                : sequence.bytesToAppend(limit - sequence.length());
    }

    /// Adds a sampled token.
    ///
    /// @return whether the turn is over by an end token
    boolean take(int token, float logProb) {
        append(token, logProb, true);
        numSampled++;
        if (options.ends().test(token)) {
            return true;
        }
        if (numSampled >= options.maxTokens()) {
            finish = Finish.LENGTH;
        } else if (length >= options.maxContext()) {
            finish = Finish.CONTEXT;
        }
        return false;
    }

    /// Adds an observation, after which the model goes on, or ends the rollout for lack of room.
    void observe(int[] observation) {
        if (numSampled >= options.maxTokens()) {
            finish = Finish.LENGTH;
        } else if (length + observation.length >= options.maxContext()) {
            finish = Finish.CONTEXT;
        } else {
            for (int id : observation) {
                append(id, 0, false);
            }
        }
    }

    private void append(int token, float logProb, boolean sampled) {
        if (length == ids.length) {
            int capacity = Math.max(length + 1, Math.min(limit, 2 * length));
            ids = Arrays.copyOf(ids, capacity);
            logProbs = Arrays.copyOf(logProbs, capacity);
            isSampled = Arrays.copyOf(isSampled, capacity);
        }
        ids[length] = token;
        logProbs[length] = logProb;
        isSampled[length++] = sampled;
    }

    void end(Finish why) {
        finish = why;
    }

    boolean isDone() {
        return finish != null;
    }

    int[] completion() {
        return Arrays.copyOfRange(ids, prompt.length, length);
    }

    Rollout rollout() {
        return new Rollout(prompt, completion(), Arrays.copyOfRange(logProbs, prompt.length, length),
                Arrays.copyOfRange(isSampled, prompt.length, length), finish);
    }

    void close() {
        if (sequence != null) {
            sequence.close();
            sequence = null;
        }
    }
}
