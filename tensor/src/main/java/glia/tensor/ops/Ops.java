package glia.tensor.ops;

import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.Positions;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import java.util.Arrays;
import java.util.Optional;

/// The operations that model blocks are made of. `Compute` computes; `Recorder` also records for the backward pass.
///
/// All activations are F32 matrices `[N, D]` over a flat batch of N tokens. Inputs are not changed, except the first
/// argument of `residual`. Every op checks its shapes and throws `IllegalArgumentException`.
public interface Ops {
    /// Looks up embeddings: `y[n] = table[ids[n]]` for the first `count` ids: `[count, D]`.
    ///
    /// @param frozenRow the row that gets no gradient from lookups, such as padding; -1 for none
    Tensor embed(Weight table, int[] ids, int count, int frozenRow);

    /// Looks up embeddings; every row gets gradients.
    default Tensor embed(Weight table, int[] ids, int count) {
        return embed(table, ids, count, -1);
    }

    /// Computes `y = x · wᵀ`, `[N, R]` for w `[R, K]`.
    Tensor linear(Tensor x, Weight w);

    /// Computes `linear` of the same x with several weights, possibly together.
    default Tensor[] linear(Tensor x, Weight[] ws) {
        Tensor[] ys = new Tensor[ws.length];
        for (int i = 0; i < ws.length; i++) {
            ys[i] = linear(x, ws[i]);
        }
        return ys;
    }

    /// Computes `y = x + b` for each row, b `[D]`.
    Tensor addBias(Tensor x, Weight b);

    /// Computes RMS normalization, `y = x / √(mean(x²) + eps) · (w + offset)`, over each group of w's length in the
    /// rows: whole rows or heads. https://arxiv.org/abs/1910.07467
    Tensor rmsNorm(Tensor x, Weight w, float eps, float offset);

    /// Computes layer normalization, `y = (x - mean) / √(var + eps) · w + b`. https://arxiv.org/abs/1607.06450
    Tensor layerNorm(Tensor x, Weight w, Weight b, float eps);

    /// Computes layer normalization without a bias.
    Tensor layerNorm(Tensor x, Weight w, float eps);

    /// Applies rotary position embedding to every head. https://arxiv.org/abs/2104.09864
    Tensor rotate(Tensor x, int headSize, RopeTable table, Positions positions);

    /// Computes a gated activation, `y = f(gate) · up`. https://arxiv.org/abs/2002.05202
    Tensor gated(Tensor gate, Tensor up, Activation f);

    /// Computes `y = f(x)`.
    Tensor activate(Tensor x, Activation f);

    /// Computes `y = scale · x`.
    Tensor scale(Tensor x, float scale);

    /// Computes `y = x + scale · update`. The result may overwrite x; do not read x afterwards.
    Tensor residual(Tensor x, Tensor update, float scale);

    /// Returns `value`, which takes the place of x in the residual stream. Do not read x afterwards.
    Tensor replace(Tensor x, Tensor value);

    /// The rows of the residual stream that this rank computes.
    default StreamRows rows() {
        return StreamRows.ALL;
    }

    /// The ranks that have some layers of the model each; empty if each has all.
    default Optional<LayerRanks> layerRanks() {
        return Optional.empty();
    }

    /// What `dropout` is applied to.
    enum Dropped { EMBEDDINGS, SUBLAYER, HEAD, ADAPTER }

    /// Sets values to 0 at random where a recorder is asked to; returns x otherwise.
    ///
    /// @param place distinguishes places of one kind, such as sublayers; each has a mask of its own
    default Tensor dropout(Tensor x, Dropped what, int place) {
        return x;
    }

    /// A copy of `values[0..count)` that lasts as long as the activations; it may be longer than `count`.
    default int[] copyOf(int[] values, int count) {
        return Arrays.copyOf(values, count);
    }

    /// Selects rows `rows[0..count)` of x: `[count, D]`.
    Tensor select(Tensor x, int[] rows, int count);

    /// Computes softmax attention of the queries `[N, H·E]` over the keys `[N, K·E]` and values of the pass and of the
    /// KV cache `state`. https://arxiv.org/abs/1706.03762
    ///
    /// @param learned the learned parameters of the scores, `Weight.ABSENT` if there are none
    Tensor attention(Tensor q, Tensor k, Tensor v, KeyValueState state, Runs runs, AttentionShape shape,
            Weight learned);

    /// Computes attention whose scores have no learned parameters.
    default Tensor attention(Tensor q, Tensor k, Tensor v, KeyValueState state, Runs runs, AttentionShape shape) {
        return attention(q, k, v, state, runs, shape, Weight.ABSENT);
    }

    /// Computes cross-attention: queries of `runs` over the keys and values of other tokens, run by run, such as those
    /// of an encoder. `state` appends the keys and values of `keyRuns`. These have as many runs as `runs`, without
    /// tokens where the cache already holds all keys. Scores may not depend on positions.
    ///
    /// @param k `[M, K·E]`, tokens of `keyRuns`
    Tensor crossAttention(Tensor q, Runs runs, Tensor k, Tensor v, Runs keyRuns, KeyValueState state,
            AttentionShape shape);

    /// Computes the mean cross-entropy `mean_n (ln Σ_v exp(logits[n,v]) - logits[n, targets[n]])` over the rows with a
    /// target that is not negative.
    double crossEntropy(Tensor logits, int[] targets);

    /// Applies an operation that is defined in a class of its own.
    Tensor apply(Operation operation);

    /// Whether a token's results must have the same bits regardless of the batch. Operations may then not choose
    /// between algorithms by the number of tokens.
    boolean isBatchInvariant();

    /// How indexers of sparse attention are trained; empty if they are not.
    default Optional<IndexerTraining> indexerTraining() {
        return Optional.empty();
    }

    /// The number of sublayers that a model groups into one `segment`; 0 to use no segments.
    default int segmentSublayers() {
        return 0;
    }

    /// Runs a part of a model. A recorder may keep only its inputs and outputs, and recompute it in the backward pass
    /// (activation checkpointing, https://arxiv.org/abs/1604.06174).
    ///
    /// @param body computes with these ops from its arguments and from immutable data; called with the same `inputs` it
    ///        returns the same values
    default Tensor[] segment(Segment body, Tensor... inputs) {
        return body.run(inputs);
    }

    /// A part of a model.
    @FunctionalInterface
    interface Segment {
        Tensor[] run(Tensor... inputs);
    }

    /// Marks the current end of the workspace, for `release`.
    int mark();

    /// Releases the memory of everything computed since the mark, except what a backward pass needs.
    void release(int mark);
}
