package glia.engine.training;

import glia.model.block.Pass;
import glia.model.spec.ModelSpec;
import java.util.Arrays;

/// Training sequences, packed end to end without padding, with a target and a weight for each scored token. The rows of
/// a loss are these tokens, in the order of the sequences. Reusable.
public final class TokenBatch {
    /// No target: the row has hidden states and logits, but no log-probability.
    public static final int NO_TARGET = -1;

    private final Pass pass = new Pass();
    private int[] targets = new int[16];
    private float[] weights = new float[16];
    private int[] sequences = new int[16];
    private int numRows;
    private int numSequences;

    /// Creates an empty batch.
    public TokenBatch() { }

    /// Creates a batch of which every token is predicted: by a decoder from the tokens before it, by an encoder or an
    /// encoder-decoder at its own position.
    ///
    /// @param sources the source of each sequence for an encoder-decoder, else empty
    public static TokenBatch of(ModelSpec spec, int[][] ids, int[][] sources) {
        boolean same = spec.looksAhead() || spec.encoder().isPresent();
        TokenBatch batch = new TokenBatch();
        for (int s = 0; s < ids.length; s++) {
            float[] ones = new float[ids[s].length];
            Arrays.fill(ones, 1);
            if (same) {
                batch.addTargets(ids[s], ids[s], ones);
            } else {
                batch.add(ids[s], ones);
            }
            if (sources.length > 0) {
                batch.from(sources[s]);
            }
        }
        return batch;
    }

    /// Adds a sequence for next-token prediction of all tokens but the first.
    public TokenBatch add(int[] ids) {
        float[] ones = new float[ids.length];
        Arrays.fill(ones, 1);
        return add(ids, ones);
    }

    /// Adds a sequence for next-token prediction of some tokens, such as those of an answer.
    ///
    /// @param weights the weight of predicting `ids[i]`; tokens of weight 0 and the first are no rows
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

    /// Adds a sequence with any target at each token, as for masked language models.
    ///
    /// @param targets the target at `ids[i]`, `NO_TARGET` for none
    /// @param weights the weight of each target; tokens of weight 0 are no rows
    /// @throws IllegalArgumentException if there is not one of each for each token
    public TokenBatch addTargets(int[] ids, int[] targets, float[] weights) {
        requireOneEach(ids.length, weights.length);
        requireOneEach(ids.length, targets.length);
        return addRows(ids, targets, weights, false);
    }

    private TokenBatch addRows(int[] ids, int[] targets, float[] weights, boolean all) {
        int[] wanted = new int[ids.length];
        int count = 0;
        for (int i = 0; i < ids.length; i++) {
            if (all || weights[i] != 0) {
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

    /// Adds a sequence all of whose tokens are rows, without targets: for losses of hidden states, such as those of
    /// embeddings and classifiers.
    public TokenBatch addWhole(int[] ids) {
        int[] none = new int[ids.length];
        Arrays.fill(none, NO_TARGET);
        return addRows(ids, none, new float[ids.length], true);
    }

    /// Adds a sequence for next-token prediction all of whose tokens are rows; those of weight 0 and the last have no
    /// target. Multi-token prediction needs it.
    ///
    /// @param weights the weight of predicting `ids[i]`
    /// @throws IllegalArgumentException if there is not one weight for each token
    public TokenBatch addWhole(int[] ids, float[] weights) {
        requireOneEach(ids.length, weights.length);
        int[] next = new int[ids.length];
        float[] shifted = new float[ids.length];
        for (int i = 0; i < ids.length; i++) {
            boolean counts = i + 1 < ids.length && weights[i + 1] != 0;
            next[i] = counts ? ids[i + 1] : NO_TARGET;
            shifted[i] = counts ? weights[i + 1] : 0;
        }
        return addRows(ids, next, shifted, true);
    }

    /// Sets the source of the last sequence, for an encoder-decoder, which needs one for each sequence.
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

    int target(int row) {
        return targets[row];
    }

    float weight(int row) {
        return weights[row];
    }

    public int numTokens() {
        return pass.numTokens();
    }

    public int numSequences() {
        return numSequences;
    }

    /// The number of rows: tokens with a weight, or all tokens of sequences that were added whole.
    public int numRows() {
        return numRows;
    }

    /// The target of each row (a copy).
    public int[] targets() {
        return Arrays.copyOf(targets, numRows);
    }

    /// The weight of each row (a copy).
    public float[] weights() {
        return Arrays.copyOf(weights, numRows);
    }

    /// The sequence number of each row (a copy).
    public int[] sequences() {
        return Arrays.copyOf(sequences, numRows);
    }
}
