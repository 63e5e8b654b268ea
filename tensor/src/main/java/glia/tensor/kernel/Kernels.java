package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;

/// A set of kernels: everything that computes on numbers. One set is chosen at the start; blocks never know which.
///
/// Shapes use N tokens, D columns. Activations are F32, row-major and contiguous; weights may have any real `DType`
/// or be coded.
/// Callers (`Compute`) have checked all shapes; implementations that would leave their memory check them
/// again. Outputs may not overlap inputs unless said otherwise. A set is used by one thread at a time and spreads its
/// work over its own `Workers`. The scalar set is the definition.
/// Others equal it up to the order of additions, and where the processor has faster products of rounded numbers, up to
/// rounding: `linearQuantized` and the products with BF16 factors say how much. How results depend on other rows is
/// said in `docs/adr/0005-precision-decides-numbers.md`; see `batchInvariant`.
public interface Kernels {
    /// `scalar`, `vector`…, for messages.
    String name();

    /// The threads that share the work.
    Workers workers();

    /// Whether the set converts weights to a form of its own when it first meets them, which takes time then.
    default boolean packsWeights() {
        return false;
    }

    /// Where converted weights are looked for from now on, and who is told of each that is made.
    default void usePackedWeights(PackedWeightStore conversions) { }

    /// Whether a row's results have the same bits whatever other rows there are, how many, and in which order.
    default boolean isBatchInvariant() {
        return false;
    }

    /// This set, confined to what computes each row alone: results of a row have the same bits in a batch of any size
    /// and order, and those of a token in a run of any length that ends with it. Some products and attention of many or
    /// few tokens are slower for that. It shares threads and converted weights with this set, so the two take turns:
    /// they may not compute at the same time.
    Kernels batchInvariant();

    // ---- products ------------------------------------------------------------------------------------------------

    /// `y[n,r] = Σ_k x[n,k] · w[r,k]` for x `[N,K]` F32, w `[R,K]` of any kind, y `[N,R]`.
    void linear(Tensor y, Tensor x, Matrix w);

    /// `dx[n,k] += Σ_r dy[n,r] · w[r,k]`: the gradient of `linear` for its input.
    void linearBackwardInput(Tensor dx, Tensor dy, Matrix w);

    /// `dw[r,k] += Σ_n dy[n,r] · x[n,k]` for dw `[R,K]` F32: the gradient of `linear` for its weight.
    void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x);

    /// Whether the set has products of numbers rounded to BF16 that are faster than others. Without them the next four
    /// methods round first.
    default boolean multipliesBf16() {
        return false;
    }

    /// `linear` with both factors rounded to BF16 (half to even) and sums in F32, for a w of plain numbers. A set with
    /// instructions for that may take magnitudes below 2^-126 for 0, of factors, products and sums.
    default void linearBf16(Tensor y, Tensor x, Tensor w) {
        try (Arena arena = Arena.ofShared()) {
            linear(y, Bf16.rounded(x, arena), Bf16.rounded(w, arena));
        }
    }

    /// `linearBf16` of a weight that is used again: a set may keep it in a form of its own, which it makes anew when
    /// the weight's version has risen.
    default void linearBf16Packed(Tensor y, Tensor x, Tensor w) {
        linearBf16(y, x, w);
    }

    /// `linearBackwardInput` with dy and w rounded to BF16.
    default void linearBackwardInputBf16(Tensor dx, Tensor dy, Tensor w) {
        try (Arena arena = Arena.ofShared()) {
            linearBackwardInput(dx, Bf16.rounded(dy, arena), Bf16.rounded(w, arena));
        }
    }

    /// `linearBackwardWeight` with dy and x rounded to BF16.
    default void linearBackwardWeightBf16(Tensor dw, Tensor dy, Tensor x) {
        try (Arena arena = Arena.ofShared()) {
            linearBackwardWeight(dw, Bf16.rounded(dy, arena), Bf16.rounded(x, arena));
        }
    }

    /// Rounds each row of x as `Precision.FAST` says and back: `y = s · round(x / s)` with a scale s for each block of
    /// 32 (half to even; 0 where the block is 0; a last block may be short). y may be x.
    void quantizeActivations(Tensor y, Tensor x);

    /// `linear` of x rounded by `quantizeActivations`. A set that multiplies whole numbers does both in one. It may
    /// round less instead, for a number of tokens from which on that is faster: both factors to 16 bits, so that a
    /// result is within `K · max|x| · max|w| · 2^-12` of that of `linear`, and as a rule within 10^-4 of the rows'
    /// norms.
    ///
    /// @param scratch `[N,K]` F32, which may be overwritten; it overlaps nothing else
    default void linearQuantized(Tensor y, Tensor x, Matrix w, Tensor scratch) {
        quantizeActivations(scratch, x);
        linear(y, scratch, w);
    }

    /// `linear` for each product of a list.
    default void linearGrouped(GroupedGemm list) {
        for (int i = 0; i < list.size(); i++) {
            GroupedGemm.Problem p = list.get(i);
            linear(p.y().rows(p.yRow(), p.yRow() + p.numRows()), p.x().rows(p.xRow(), p.xRow() + p.numRows()), p.w());
        }
    }

    /// `linearQuantized` for each product of a list whose weights are quantized.
    ///
    /// @param scratch F32 `[list.maxRows(), list.maxCols()]`, which may be overwritten; it overlaps nothing else
    default void linearGroupedQuantized(GroupedGemm list, Tensor scratch) {
        for (int i = 0; i < list.size(); i++) {
            GroupedGemm.Problem p = list.get(i);
            Tensor rounded = scratch.view(0, DType.F32, p.numRows(), p.w().cols());
            if (i == 0 || !p.sharesInput(list.get(i - 1))) {
                quantizeActivations(rounded, p.x().rows(p.xRow(), p.xRow() + p.numRows()));
            }
            linear(p.y().rows(p.yRow(), p.yRow() + p.numRows()), rounded, p.w());
        }
    }

    // ---- row by row ----------------------------------------------------------------------------------------------

    /// `y[n,:] = table[ids[n],:]` decoded to F32, for the first `count` ids.
    void gather(Tensor y, Matrix table, int[] ids, int count);

    /// `y = x / √(mean(x²) + eps) · (w + offset)` for each row; w `[D]` F32. y may be x.
    /// x is `[N,D]` seen as rows of w's length, so that it serves norms of whole rows and of heads.
    void rmsNorm(Tensor y, Tensor x, Tensor w, float eps, float offset);

    /// `y = (x - mean) / √(var + eps) · w + b` for each row; b may be null. y may be x.
    void layerNorm(Tensor y, Tensor x, Tensor w, Tensor b, float eps);

    /// Rotates every head of every token in place by its position; x is `[N, heads·headSize]`.
    /// @param sign 1 forward, -1 to turn back (the gradient)
    void rotate(Tensor x, int headSize, RopeTable table, Runs runs, float sign);

    /// `y = f(gate) · up`, all `[N,I]`. y may be gate or up.
    void gated(Tensor y, Tensor gate, Tensor up, Activation f);

    /// `y = f(x)`. y may be x.
    void activate(Tensor y, Tensor x, Activation f);

    /// `y = a + scale · b`, of one size. y may be a or b.
    void add(Tensor y, Tensor a, Tensor b, float scale);

    /// `y[n,:] = x[n,:] + b` for b `[D]`. y may be x.
    void addRow(Tensor y, Tensor x, Tensor b);

    /// `y = scale · x`. y may be x.
    void scale(Tensor y, Tensor x, float scale);

    // ---- gradients, row by row -----------------------------------------------------------------------------------
    // Each adds to the gradients `d…`. Results do not depend on the number of threads.

    /// The gradients of what is computed row by row.
    GradientKernels gradients();

    // ---- mixing tokens -------------------------------------------------------------------------------------------

    /// Softmax attention, blocked, never a T×T matrix in memory (https://arxiv.org/abs/2205.14135):
    /// `out[n,h] = Σ_p softmax_p(score(scale · q[n,h]·key[p,h/G])) · value[p,h/G]` over the positions p that
    /// `shape.span()` shows to the token and that there are; `shape.scores()` says what is made of the products.
    ///
    /// @param out `[N, H·valueSize]`
    /// @param logSumExp `[N, H]`, or null: natural logarithm of the softmax denominators, for the backward pass
    /// @param q `[N, H·keySize]`, rotated
    /// @param keyValues one for each run, already holding the run's own keys and values, if it has such
    /// @param learned what the rule of scores has learned, `Scores.NO_PARAMETERS` where that is nothing
    void attention(Tensor out, Tensor logSumExp, Tensor q, KeyValues[] keyValues, Runs runs, AttentionShape shape,
            Tensor learned);

    /// `y[i,:] = key[position + i]`, decoded to F32, for y `[count, keyCols]`.
    void loadKeys(Tensor y, KeyValues keyValues, int position);

    /// The gradient of attention over whole sequences: adds to the gradients of queries, keys, values and what was
    /// learned.
    void attentionBackward(AttentionTrace trace);

    /// Attention whose scores need nothing learned.
    default void attention(Tensor out, Tensor logSumExp, Tensor q, KeyValues[] keyValues, Runs runs,
            AttentionShape shape) {
        attention(out, logSumExp, q, keyValues, runs, shape, Scores.NO_PARAMETERS);
    }

    // ---- logits --------------------------------------------------------------------------------------------------

    /// The index of the largest number of row `row`, the lowest such where equal; NaN counts as smallest.
    int argmax(Tensor logits, int row);

    /// `ln Σ exp(row)`, computed without overflow.
    float logSumExp(Tensor logits, int row);
}
