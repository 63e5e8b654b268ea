package glia.engine.training;

import glia.model.block.Input;
import glia.model.block.Pass;
import glia.model.spec.ModelSpec;
import glia.tensor.Tensor;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/// Training sequences, packed end to end without padding, with a target and a weight for each scored token. The rows of
/// a loss are these tokens, in the order of the sequences. Reusable: after `clear` its memory takes the next sequences.
public final class TokenBatch {
    /// No target: the row has hidden states and logits, but no log-probability.
    public static final int NO_TARGET = -1;

    private final Pass pass = new Pass();
    private int[] targets = new int[16];
    private float[] weights = new float[16];
    private int[] sequences = new int[16];
    private int numRows;
    private int numSequences;
    private int[] buffer = new int[16];
    private TokenBatchPool pool;

    /// Creates an empty batch.
    public TokenBatch() { }

    /// @param pool takes the batch back
    TokenBatch(TokenBatchPool pool) {
        this.pool = pool;
    }

    /// Creates a batch of which every token is predicted: by a decoder from the tokens before it, by an encoder or an
    /// encoder-decoder at its own position.
    ///
    /// @param sources the source of each sequence for an encoder-decoder, else empty
    public static TokenBatch of(ModelSpec spec, int[][] ids, int[][] sources) {
        return ofAll(spec, ids, Arrays.stream(sources).map(Input::of).toList());
    }

    /// The same for sources that may have rows.
    public static TokenBatch ofAll(ModelSpec spec, int[][] ids, List<Input> sources) {
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
            if (!sources.isEmpty()) {
                batch.from(sources.get(s));
            }
        }
        return batch;
    }

    /// Removes all sequences and keeps the memory.
    public void clear() {
        pass.clear();
        numRows = 0;
        numSequences = 0;
    }

    /// Gives a batch of a `TokenBatchPool` back to it. The batch may not be used afterwards. Other batches stay as they
    /// are.
    public void release() {
        if (pool != null) {
            pool.take(this);
        }
    }

    /// An array of at least `size` ids, to be filled and added. Each call gives the same one.
    public int[] buffer(int size) {
        if (size > buffer.length) {
            buffer = new int[Math.max(2 * buffer.length, size)];
        }
        return buffer;
    }

    /// Adds a sequence for next-token prediction of all tokens but the first.
    public TokenBatch add(int[] ids) {
        return add(Input.of(ids));
    }

    /// Adds a sequence with rows in the place of some tokens, for next-token prediction of all tokens but the first.
    /// Towers run with the batch, so that they get gradients.
    public TokenBatch add(Input input) {
        start(input);
        for (int i = 0; i + 1 < input.ids().length; i++) {
            row(i, input.ids()[i + 1], 1);
        }
        return this;
    }

    /// Adds a sequence for next-token prediction of some tokens, such as those of an answer.
    ///
    /// @param weights the weight of predicting `ids[i]`; tokens of weight 0 and the first are no rows
    /// @throws IllegalArgumentException if there is not one weight for each token
    public TokenBatch add(int[] ids, float[] weights) {
        return add(Input.of(ids), weights);
    }

    /// The same for a sequence with rows, such as pictures, in the place of some tokens.
    public TokenBatch add(Input input, float[] weights) {
        int[] ids = input.ids();
        requireOneEach(ids.length, weights.length);
        start(input);
        for (int i = 0; i + 1 < ids.length; i++) {
            if (weights[i + 1] != 0) {
                row(i, ids[i + 1], weights[i + 1]);
            }
        }
        return this;
    }

    /// Adds a sequence for next-token prediction of the tokens of a set, with weight 1.
    ///
    /// @param input with rows, such as pictures, in the place of some tokens
    /// @param predicted places in its ids; the first token is never predicted
    public TokenBatch add(Input input, BitSet predicted) {
        int[] ids = input.ids();
        start(input);
        for (int i = predicted.nextSetBit(1); i >= 0 && i < ids.length; i = predicted.nextSetBit(i + 1)) {
            row(i - 1, ids[i], 1);
        }
        return this;
    }

    /// Adds the sequence `ids[from..to)` for next-token prediction with weight 1.
    ///
    /// @param isFollowed whether `ids[to]` is the target of the last token, which has none otherwise
    public TokenBatch add(int[] ids, int from, int to, boolean isFollowed) {
        start(ids, from, to);
        int end = isFollowed ? to : to - 1;
        for (int i = from; i < end; i++) {
            row(i - from, ids[i + 1], 1);
        }
        return this;
    }

    /// Adds a sequence with any target at each token, as for masked language models.
    ///
    /// @param targets the target at `ids[i]`, `NO_TARGET` for none
    /// @param weights the weight of each target; tokens of weight 0 are no rows
    /// @throws IllegalArgumentException if there is not one of each for each token
    public TokenBatch addTargets(int[] ids, int[] targets, float[] weights) {
        requireOneEach(ids.length, weights.length);
        requireOneEach(ids.length, targets.length);
        start(ids, 0, ids.length);
        for (int i = 0; i < ids.length; i++) {
            if (weights[i] != 0) {
                row(i, targets[i], weights[i]);
            }
        }
        return this;
    }

    /// Adds a sequence all of whose tokens are rows, without targets: for losses of hidden states, such as those of
    /// embeddings and classifiers.
    public TokenBatch addWhole(int[] ids) {
        return addWhole(Input.of(ids));
    }

    /// The same for a sequence with rows, such as pictures, in the place of some tokens.
    public TokenBatch addWhole(Input input) {
        start(input);
        for (int i = 0; i < input.ids().length; i++) {
            row(i, NO_TARGET, 0);
        }
        return this;
    }

    /// Adds a sequence for next-token prediction all of whose tokens are rows; those of weight 0 and the last have no
    /// target. Multi-token prediction needs it.
    ///
    /// @param weights the weight of predicting `ids[i]`
    /// @throws IllegalArgumentException if there is not one weight for each token
    public TokenBatch addWhole(int[] ids, float[] weights) {
        requireOneEach(ids.length, weights.length);
        start(ids, 0, ids.length);
        for (int i = 0; i < ids.length; i++) {
            boolean counts = i + 1 < ids.length && weights[i + 1] != 0;
            row(i, counts ? ids[i + 1] : NO_TARGET, counts ? weights[i + 1] : 0);
        }
        return this;
    }

    private void start(Input input) {
        pass.add(input, 0, input.ids().length, Pass.Outputs.NONE);
        started(input.ids().length);
    }

    private void start(int[] ids, int from, int to) {
        pass.add(ids, from, to, 0, Pass.Outputs.NONE);
        started(to - from);
    }

    private void started(int numTokens) {
        numSequences++;
        int rows = numRows + numTokens;
        if (rows > targets.length) {
            int size = Math.max(2 * targets.length, rows);
            targets = Arrays.copyOf(targets, size);
            weights = Arrays.copyOf(weights, size);
            sequences = Arrays.copyOf(sequences, size);
        }
    }

    /// Makes a token of the last sequence a row.
    private void row(int place, int target, float weight) {
        pass.want(place);
        targets[numRows] = target;
        weights[numRows] = weight;
        sequences[numRows++] = numSequences - 1;
    }

    /// Sets the source of the last sequence, for an encoder-decoder, which needs one for each sequence.
    public TokenBatch from(int[] source) {
        pass.from(source, 0, source.length);
        return this;
    }

    /// The same for a source with rows, such as a sound.
    public TokenBatch from(Input source) {
        pass.from(source);
        return this;
    }

    /// Sets the segment of the last `count` tokens, such as the second text of a pair.
    public TokenBatch segment(int count, int segment) {
        pass.segment(count, segment);
        return this;
    }

    /// Sets the probabilities that self-conditioning reads (`Pass.condition`), a row for each token of the batch.
    public TokenBatch condition(Tensor probabilities) {
        pass.condition(probabilities);
        return this;
    }

    /// Hides the last `count` tokens of the last sequence from attention (`Pass.hide`).
    public TokenBatch hide(int count) {
        pass.hide(count);
        return this;
    }

    private static void requireOneEach(int tokens, int found) {
        if (tokens != found) {
            throw new IllegalArgumentException(found + " weights or targets for " + tokens + " tokens");
        }
    }

    Pass pass() {
        return pass;
    }

    /// The targets, not copied; only those of rows are valid.
    int[] targetMemory() {
        return targets;
    }

    /// The weights, not copied; only those of rows are valid.
    float[] weightMemory() {
        return weights;
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

    /// The sum of the weights of all rows.
    public double totalWeight() {
        double total = 0;
        for (int row = 0; row < numRows; row++) {
            total += weights[row];
        }
        return total;
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
