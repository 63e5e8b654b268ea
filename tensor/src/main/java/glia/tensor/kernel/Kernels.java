package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Matrix;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;

/// A kernel backend: all computations on tensors. One backend is chosen at startup; model blocks do not depend on
/// which.
///
/// Shapes use N tokens, D columns. Activations are F32, row-major and contiguous; weights may have any real `DType` or
/// be a `QuantizedMatrix`. Callers (`Compute`) have checked all shapes; implementations that work on raw addresses
/// check them again. Outputs may not overlap inputs unless said otherwise. A backend is used by one thread at a time
/// and distributes its work over its own `Workers`.
///
/// The scalar backend is the definition. Other backends differ from it by the order of additions, and by rounding where
/// the processor has faster low-precision instructions (see `linearQuantized` and the BF16 methods).
/// `docs/adr/0005-precision-decides-numbers.md` says how results depend on other rows of the batch; see
/// `batchInvariant`.
public interface Kernels {
    /// The backend's name, such as `scalar` or `vector`, for messages.
    String name();

    /// The threads that share the work.
    Workers workers();

    /// Whether the backend packs weights into a layout of its own at their first use, which takes time.
    default boolean packsWeights() {
        return false;
    }

    /// Sets the store in which packed weights are looked up and to which newly packed ones are offered.
    default void usePackedWeights(PackedWeightStore store) { }

    /// Whether a row's results have the same bits regardless of the other rows, their number and their order.
    default boolean isBatchInvariant() {
        return false;
    }

    /// Returns the batch-invariant form of this backend: the results of a row have the same bits in a batch of any size
    /// and order, and those of a token in a run of any length that ends with it. Some matrix multiplications and
    /// attention are slower for that. It shares threads and packed weights with this backend; the two may not compute
    /// at the same time.
    Kernels batchInvariant();

    // ---- matrix multiplication -----------------------------------------------------------------------------------

    /// Computes `y[n,r] = Σ_k x[n,k] · w[r,k]` for x `[N,K]` F32, w `[R,K]` of any kind, y `[N,R]`.
    void linear(Tensor y, Tensor x, Matrix w);

    /// Computes `linear` with a weight that is used again. A backend may keep it packed and repacks it when the
    /// weight's version has changed.
    default void linearPacked(Tensor y, Tensor x, Matrix w) {
        linear(y, x, w);
    }

    /// Computes `dx[n,k] += Σ_r dy[n,r] · w[r,k]`, the gradient of `linear` for its input.
    void linearBackwardInput(Tensor dx, Tensor dy, Matrix w);

    /// Computes `dw[r,k] += Σ_n dy[n,r] · x[n,k]` for dw `[R,K]` F32, the gradient of `linear` for its weight.
    void linearBackwardWeight(Tensor dw, Tensor dy, Tensor x);

    /// Whether the backend multiplies BF16 matrices faster than F32 ones. Otherwise the next four methods round first
    /// and multiply in F32.
    default boolean multipliesBf16() {
        return false;
    }

    /// Computes `linear` with both factors rounded to BF16 (half to even) and F32 accumulation, for a plain w. Backends
    /// with BF16 instructions may flush factors, products and sums below 2^-126 to 0.
    default void linearBf16(Tensor y, Tensor x, Tensor w) {
        try (Arena arena = Arena.ofShared()) {
            linear(y, Bf16.rounded(x, arena), Bf16.rounded(w, arena));
        }
    }

    /// Computes `linearBf16` with a weight that is used again. A backend may keep it packed and repacks it when the
    /// weight's version has changed.
    default void linearBf16Packed(Tensor y, Tensor x, Tensor w) {
        linearBf16(y, x, w);
    }

    /// Computes `linearBackwardInput` with dy and w rounded to BF16.
    default void linearBackwardInputBf16(Tensor dx, Tensor dy, Tensor w) {
        try (Arena arena = Arena.ofShared()) {
            linearBackwardInput(dx, Bf16.rounded(dy, arena), Bf16.rounded(w, arena));
        }
    }

    /// Computes `linearBackwardWeight` with dy and x rounded to BF16.
    default void linearBackwardWeightBf16(Tensor dw, Tensor dy, Tensor x) {
        try (Arena arena = Arena.ofShared()) {
            linearBackwardWeight(dw, Bf16.rounded(dy, arena), Bf16.rounded(x, arena));
        }
    }

    /// Quantizes each row of x as `Precision.FAST` and dequantizes it: `y = s · round(x / s)` with a scale s for each
    /// block of 32 (half to even; 0 where the block is 0; the last block may be short). y may be x.
    void quantizeActivations(Tensor y, Tensor x);

    /// Computes `linear` of x quantized by `quantizeActivations`; backends with integer dot products do both in one
    /// step. For many tokens a backend may instead round both factors to 16 bits, if that is faster: a result is then
    /// within `K · max|x| · max|w| · 2^-12` of that of `linear`, typically within 10^-4 of the product of the rows'
    /// norms.
    ///
    /// @param scratch `[N,K]` F32, may be overwritten; must not overlap the other arguments
    default void linearQuantized(Tensor y, Tensor x, Matrix w, Tensor scratch) {
        quantizeActivations(scratch, x);
        linear(y, scratch, w);
    }

    /// Computes `linear` for each problem of a grouped GEMM.
    default void linearGrouped(GroupedGemm list) {
        for (int i = 0; i < list.size(); i++) {
            GroupedGemm.Problem p = list.get(i);
            linear(p.y().rows(p.yRow(), p.yRow() + p.numRows()), p.x().rows(p.xRow(), p.xRow() + p.numRows()), p.w());
        }
    }

    /// Computes `linearQuantized` for each problem of a grouped GEMM whose weights are quantized.
    ///
    /// @param scratch F32 `[list.maxRows(), list.maxCols()]`, may be overwritten; must not overlap the other arguments
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

    // ---- row-wise operations -------------------------------------------------------------------------------------

    /// Computes `y[n,:] = table[ids[n],:]`, decoded to F32, for the first `count` ids.
    void gather(Tensor y, Matrix table, int[] ids, int count);

    /// Computes `y = x / √(mean(x²) + eps) · (w + offset)` for each row; w `[D]` F32. y may be x. x is read as rows of
    /// w's length: whole rows or heads.
    void rmsNorm(Tensor y, Tensor x, Tensor w, float eps, float offset);

    /// Computes `y = (x - mean) / √(var + eps) · w + b` for each row; b may be null. y may be x.
    void layerNorm(Tensor y, Tensor x, Tensor w, Tensor b, float eps);

    /// Applies rotary position embedding to every head of every token in place; x is `[N, heads·headSize]`.
    ///
    /// @param sign 1 forward, -1 for the inverse rotation (the gradient)
    void rotate(Tensor x, int headSize, RopeTable table, Positions positions, float sign);

    /// Computes `y = f(gate) · up`, all `[N,I]`. y may be gate or up.
    void gated(Tensor y, Tensor gate, Tensor up, Activation f);

    /// Computes `y = f(x)`. y may be x.
    void activate(Tensor y, Tensor x, Activation f);

    /// Computes `y = a + scale · b` for tensors of one size. y may be a or b.
    void add(Tensor y, Tensor a, Tensor b, float scale);

    /// Computes `y[n,:] = x[n,:] + b` for b `[D]`. y may be x.
    void addRow(Tensor y, Tensor x, Tensor b);

    /// Computes `y = scale · x`. y may be x.
    void scale(Tensor y, Tensor x, float scale);

    // ---- row-wise gradients --------------------------------------------------------------------------------------

    /// The row-wise gradients of this backend.
    GradientKernels gradients();

    // ---- attention -----------------------------------------------------------------------------------------------

    /// Computes softmax attention in blocks, without a T×T matrix in memory (https://arxiv.org/abs/2205.14135):
    /// `out[n,h] = Σ_p softmax_p(score(scale · q[n,h]·key[p,h/G])) · value[p,h/G]` over the existing positions p in
    /// `shape.span()`. `shape.scores()` defines `score`.
    ///
    /// @param out `[N, H·valueSize]`
    /// @param logSumExp `[N, H]`, or null: natural logarithm of the softmax denominators, for the backward pass
    /// @param q `[N, H·keySize]`, rotated
    /// @param keyValues one for each run, already holding the run's own keys and values, if it has any
    /// @param learned the learned parameters of the scores, `Scores.NO_PARAMETERS` if there are none
    void attention(Tensor out, Tensor logSumExp, Tensor q, KeyValues[] keyValues, Runs runs, AttentionShape shape,
            Tensor learned);

    /// Computes `y[i,:] = key[position + i]`, decoded to F32, for y `[count, keyCols]`.
    void loadKeys(Tensor y, KeyValues keyValues, int position);

    /// Computes the gradient of attention over full sequences: adds to the gradients of queries, keys, values and
    /// learned parameters.
    void attentionBackward(AttentionTrace trace);

    /// Computes attention whose scores have no learned parameters.
    default void attention(Tensor out, Tensor logSumExp, Tensor q, KeyValues[] keyValues, Runs runs,
            AttentionShape shape) {
        attention(out, logSumExp, q, keyValues, runs, shape, Scores.NO_PARAMETERS);
    }

    // ---- logits --------------------------------------------------------------------------------------------------

    /// Returns the index of the largest value of row `row`, the lowest index for equal values; NaN counts as smallest.
    int argmax(Tensor logits, int row);

    /// Returns `ln Σ exp(row)`, computed without overflow.
    float logSumExp(Tensor logits, int row);
}
