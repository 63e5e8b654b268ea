package glia.engine.training;

import glia.model.block.Pass;
import java.util.Arrays;

/// Sequences to learn from, laid end to end without padding, with a target and a weight for each token that counts.
/// The rows of a loss are these tokens, in the order of the sequences. It may be used more than once.
public final class TokenBatch {
    /// A target that is none: hidden states and logits are wanted, a log-probability is not.
    public static final int NO_TARGET = -1;

    private final Pass pass = new Pass();
    private int[] targets = new int[16];
    private float[] weights = new float[16];
    private int[] sequences = new int[16];
    private int numRows;
    private int numSequences;

    /// No sequences yet.
    public TokenBatch() { }

    /// Adds a sequence each of whose tokens, but the first, is to be foreseen by those before it.
    public TokenBatch add(int[] ids) {
        float[] ones = new float[ids.length];
        Arrays.fill(ones, 1);
        return add(ids, ones);
    }

    /// Adds a sequence of which some tokens are to be foreseen by those before them, such as those of an answer.
    ///
    /// @param weights how much it counts that `ids[i]` is foreseen; those of weight 0 are no rows, nor is the first
    /// @throws IllegalArgumentException if there is not one weight for each token
    public TokenBatch add(int[] ids, float[] weights) {
        requireOneEach(ids.length, weights.length);
        int[] next = new int[ids.length];
        float[] shifted = new float[ids.length];
        for (int i = 0; i + 1 < ids.length; i++) {
            next[i] = ids[i + 1];
            shifted[i] = weights[i + 1];
        }
        return addTargets(ids, next, shifted);
    }

    /// Adds a sequence with a target at each token: any token, as masked language models have it.
    ///
    /// @param targets what is to be foreseen at `ids[i]`, `NO_TARGET` for nothing
    /// @param weights how much it counts; tokens of weight 0 are no rows
    /// @throws IllegalArgumentException if there is not one of each for each token
    public TokenBatch addTargets(int[] ids, int[] targets, float[] weights) {
        requireOneEach(ids.length, weights.length);
        requireOneEach(ids.length, targets.length);
        int[] wanted = new int[ids.length];
        int count = 0;
        for (int i = 0; i < ids.length; i++) {
            if (weights[i] != 0) {
                wanted[count++] = i;
            }
        }
        pass.add(ids, 0, ids.length, 0, Pass.Outputs.NONE).want(Arrays.copyOf(wanted, count));
        reserve(numRows + count);
        for (int i = 0; i < count; i++) {
            this.targets[numRows] = targets[wanted[i]];
            this.weights[numRows] = weights[wanted[i]];
            sequences[numRows++] = numSequences;
        }
        numSequences++;
        return this;
    }

    /// Gives the text that an encoder reads for the sequence that was added last. In a model with an encoder each
    /// sequence needs this call.
    public TokenBatch from(int[] source) {
        pass.from(source, 0, source.length);
        return this;
    }

    private static void requireOneEach(int tokens, int found) {
        if (tokens != found) {
            throw new IllegalArgumentException(found + " weights or targets for " + tokens + " tokens");
        }
    }

    private void reserve(int rows) {
        if (rows > targets.length) {
            int size = Math.max(2 * targets.length, rows);
            targets = Arrays.copyOf(targets, size);
            weights = Arrays.copyOf(weights, size);
            sequences = Arrays.copyOf(sequences, size);
        }
    }

    Pass pass() {
        return pass;
    }

    public int numTokens() {
        return pass.numTokens();
    }

    public int numSequences() {
        return numSequences;
    }

    /// The tokens that have a weight.
    public int numRows() {
        return numRows;
    }

    /// For each row its target (a copy).
    public int[] targets() {
        return Arrays.copyOf(targets, numRows);
    }

    /// For each row its weight (a copy).
    public float[] weights() {
        return Arrays.copyOf(weights, numRows);
    }

    /// For each row the number of its sequence (a copy).
    public int[] sequences() {
        return Arrays.copyOf(sequences, numRows);
    }
}
