package glia.tensor.ops;

import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;

/// The operations that blocks are made of. `Compute` just computes; `Recorder` also remembers how to go back.
///
/// All activations are F32 matrices `[N, D]` over a flat run of N tokens. Inputs are not changed, save by `residual`,
/// whose first argument the caller gives up. Every op checks its shapes and throws `IllegalArgumentException`.
public interface Ops {
    /// `y[n] = table[ids[n]]` for the first `count` ids: `[count, D]`.
    ///
    /// @param frozenRow the row that learns nothing from being looked up; -1 for none
    Tensor embed(Weight table, int[] ids, int count, int frozenRow);

    /// The same where every row learns.
    default Tensor embed(Weight table, int[] ids, int count) {
        return embed(table, ids, count, -1);
    }

    /// `y = x · wᵀ`, `[N, R]` for w `[R, K]`.
    Tensor linear(Tensor x, Weight w);

    /// `linear` of the same x with several weights, which may be computed together.
    default Tensor[] linear(Tensor x, Weight[] ws) {
        Tensor[] ys = new Tensor[ws.length];
        for (int i = 0; i < ws.length; i++) {
            ys[i] = linear(x, ws[i]);
        }
        return ys;
    }

    /// `y = x + b` for each row, b `[D]`.
    Tensor addBias(Tensor x, Weight b);

    /// `y = x / √(mean(x²) + eps) · (w + offset)` over each piece of the rows as long as w: whole rows or heads.
    /// https://arxiv.org/abs/1910.07467
    Tensor rmsNorm(Tensor x, Weight w, float eps, float offset);

    /// `y = (x - mean) / √(var + eps) · w + b`. https://arxiv.org/abs/1607.06450
    Tensor layerNorm(Tensor x, Weight w, Weight b, float eps);

    /// The same without a bias.
    Tensor layerNorm(Tensor x, Weight w, float eps);

    /// Rotary position embedding of every head. https://arxiv.org/abs/2104.09864
    Tensor rotate(Tensor x, int headSize, RopeTable table, Runs runs);

    /// `y = f(gate) · up`. https://arxiv.org/abs/2002.05202
    Tensor gated(Tensor gate, Tensor up, Activation f);

    /// `y = f(x)`.
    Tensor activate(Tensor x, Activation f);

    /// `y = scale · x`.
    Tensor scale(Tensor x, float scale);

    /// `y = x + scale · update`. The caller gives up x: it may be overwritten by the result.
    Tensor residual(Tensor x, Tensor update, float scale);

    /// `value`, which is newer than x and takes the place of x, whom the caller gives up.
    Tensor replace(Tensor x, Tensor value);

    /// Rows `rows[0..count)` of x: `[count, D]`.
    Tensor select(Tensor x, int[] rows, int count);

    /// Softmax attention of the queries `[N, H·E]` over the keys `[N, K·E]` and values of the pass and of what `state`
    /// remembers. https://arxiv.org/abs/1706.03762
    ///
    /// @param learned what the shape's rule of scores has learned, `Weight.ABSENT` where that is nothing
    Tensor attention(Tensor q, Tensor k, Tensor v, KeyValueState state, Runs runs, AttentionShape shape,
            Weight learned);

    /// Attention whose scores need nothing learned.
    default Tensor attention(Tensor q, Tensor k, Tensor v, KeyValueState state, Runs runs, AttentionShape shape) {
        return attention(q, k, v, state, runs, shape, Weight.ABSENT);
    }

    /// Attention of the queries of `runs` over the keys and values of other tokens, run by run: those of an encoder.
    /// `state` appends the keys and values of `keyRuns`, which has as many runs as `runs`, and may have no tokens where
    /// the state remembers all that there are. Scores must not look at positions, which the two need not share.
    ///
    /// @param k `[M, K·E]`, tokens of `keyRuns`
    Tensor crossAttention(Tensor q, Runs runs, Tensor k, Tensor v, Runs keyRuns, KeyValueState state,
            AttentionShape shape);

    /// `mean_n (ln Σ_v exp(logits[n,v]) - logits[n, targets[n]])` over the rows whose target is not negative.
    double crossEntropy(Tensor logits, int[] targets);

    /// The result of an operation that has a file of its own.
    Tensor apply(Operation operation);

    /// Whether a token's results must have the same bits whatever else is in the pass: then nothing may be computed in
    /// one way for many tokens and in another for few.
    boolean isBatchInvariant();

    /// Sublayers that a model puts into a `segment` together; 0 where it needs no segments.
    default int segmentSublayers() {
        return 0;
    }

    /// Runs a piece of a model. A recorder may keep no more than its inputs and outputs, and run it again in the
    /// backward pass (activation checkpointing, https://arxiv.org/abs/1604.06174).
    ///
    /// @param body computes with these ops, from its arguments and from what never changes; it is given `inputs` each
    ///        time and computes the same
    default Tensor[] segment(Segment body, Tensor... inputs) {
        return body.run(inputs);
    }

    /// A piece of a model.
    @FunctionalInterface
    interface Segment {
        Tensor[] run(Tensor... inputs);
    }

    /// Marks the memory in use, for `release`.
    int mark();

    /// Says that nothing computed since the mark is needed any more, other than by a backward pass.
    void release(int mark);
}
