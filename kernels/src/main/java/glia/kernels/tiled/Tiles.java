package glia.kernels.tiled;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.QuantizedMatrix;
import glia.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// The inner loops of GEMM and attention that a kernel backend provides (`TiledProducts`, `Attention`), written for
/// each kind of processor. All work on addresses, which callers have checked, and on one thread.
///
/// A *tile* is a few rows of A, a *panel* a few columns of B: consecutive rows of `cols()` F32 values, a whole number
/// of vectors each.
public interface Tiles {
    /// Size of a head's state, in bytes (see `weights`).
    int STATE_BYTES = 12;
    /// Offsets in a state of the denominator, and of the factor of earlier sums.
    int DENOMINATOR = 4;
    int DECAY = 8;

    /// Rows of a whole tile.
    int rows();

    /// Columns of a panel.
    int cols();

    default long panelBytes() {
        return 4L * cols();
    }

    /// The step of the depth that is multiplied at a time, whole blocks. With a smaller one more of B stays in the L1
    /// cache; with a larger one results are read and written less often.
    default int depth() {
        return TiledProduct.DEPTH;
    }

    /// Lower limit of the associativity of the L1 data cache.
    default int cacheWays() {
        return 8;
    }

    /// The number of rows of A that must be readable, and of C writable, for a tile of `rows` rows: as many, or a whole
    /// tile.
    int minRows(int rows);

    /// The number of columns of C that must be writable for `cols` columns of a panel: as many, rounded up to whole
    /// vectors, or a whole panel.
    int minCols(int cols);

    /// Computes `C[t,:] += Σ_k A[t,k] · B[k,:]` for a tile and a panel.
    ///
    /// @param rows 1 to `rows()`
    /// @param cols 1 to `cols()`, the first of the panel's
    /// @param c the address of C, whose rows are `cRow` bytes apart
    /// @param aRow bytes from row to row of A, below 256 MiB
    /// @param aStep bytes from k to k + 1 in A
    /// @param depth number of k, from 0 to 2^23
    void multiply(int rows, int cols, long c, long cRow, long a, long aRow, long aStep, long b, int depth);

    /// Computes `C[t,:] = Σ_k A[t,k] · B[k,:]`, as `multiply`, but overwrites C, up to `minRows(rows)` rows and
    /// `minCols(cols)` columns.
    default void set(int rows, int cols, long c, long cRow, long a, long aRow, long aStep, long b, int depth) {
        for (int t = 0; t < minRows(rows); t++) {
            clear(c + t * cRow, minCols(cols));
        }
        multiply(rows, cols, c, cRow, a, aRow, aStep, b, depth);
    }

    /// Sets `count` values to 0.
    void clear(long at, int count);

    /// Computes `y = factor · x` for `count` values.
    default void scale(long y, long x, int count, float factor) {
        for (int i = 0; i < count; i++) {
            Memory.f32(y + 4L * i, factor * Memory.f32(x + 4L * i));
        }
    }

    /// Computes `y = a + factor · b` for `count` values.
    default void add(long y, long a, long b, int count, float factor) {
        for (int i = 0; i < count; i++) {
            Memory.f32(y + 4L * i, Memory.f32(a + 4L * i) + factor * Memory.f32(b + 4L * i));
        }
    }

    /// Computes the gradient of softmax for a panel of queries, `d[j,:] = p[j,:] · (d[j,:] - shift[:])`.
    ///
    /// @param d `count` rows of a panel
    /// @param p as many
    /// @param shift one row
    default void differentiate(long d, long p, int count, long shift) {
        for (int j = 0; j < count * cols(); j++) {
            Memory.f32(d + 4L * j, Memory.f32(p + 4L * j)
                    * (Memory.f32(d + 4L * j) - Memory.f32(shift + 4L * (j % cols()))));
        }
    }

    /// Copies `count` pieces of `rows()` values, `step` bytes apart, to consecutive memory.
    default void collect(long from, long step, int count, long to) {
        long bytes = 4L * rows();
        for (int i = 0; i < count; i++) {
            MemorySegment.copy(Memory.ALL, from + i * step, Memory.ALL, to + i * bytes, bytes);
        }
    }

    /// Prefetches rows of `sizeBytes` bytes, `step` bytes apart.
    default void fetch(long from, long step, int rows, long sizeBytes) { }

    /// Dequantizes columns `col` to `col + count` of rows of a quantized weight to consecutive F32 rows.
    ///
    /// @param worker the thread, for its scratch memory
    void decode(QuantizedMatrix w, int row, int rows, int col, int count, long to, int worker);

    /// Decodes rows of values of a type to consecutive F32 rows.
    ///
    /// @param from the address of the first row; rows are `rowBytes` apart
    /// @param count values of a row, whole blocks
    /// @param worker the thread, for its scratch memory
    void decode(DType type, long from, long rowBytes, int rows, int count, long to, int worker);

    /// Decodes rows of a weight to columns of a panel: value k of row r to row k, column r. Columns beyond `rows`
    /// become undefined, as do the panel's rows beyond `count` up to a multiple of 16.
    ///
    /// @param from the address of the first row; rows are `rowBytes` apart
    /// @param rows 1 to `cols()`
    /// @param count values of a row, up to `depth()`, whole blocks
    /// @param worker the thread, for its scratch memory
    void transpose(DType type, long from, long rowBytes, int rows, int count, long panel, int worker);

    /// Decodes rows without transposing them: value k of row r to row r, column `k % cols()` of panel `k / cols()`.
    ///
    /// @param rows up to `depth()`
    /// @param partBytes bytes from panel to panel
    void straight(DType type, long from, long rowBytes, int rows, int count, long panels, long partBytes, int worker);

    /// Online softmax (https://arxiv.org/abs/1805.02867): converts a panel of scores, a query a column and a position a
    /// row, to weights `exp(score - largest)`, and scores of invisible positions to 0. Updates the largest scores, adds
    /// to the denominators, and scales down earlier sums by the growth of the largest.
    ///
    /// @param scores `count` rows, and one more that is overwritten
    /// @param position the position of the first row
    /// @param masked whether any score is of a position invisible to its query
    /// @param state four rows: the largest scores, the denominators, the first and the last position visible to a
    ///        query, as F32
    /// @param sums `size` rows
    void weigh(long scores, int count, int position, boolean masked, long state, long sums, int size);

    /// Computes `x = cap · tanh(x / cap)` for `count` values, in whole vectors.
    void cap(long x, int count, float cap);

    /// Computes `scores[h,j] = scale · q[h] · keys[j]` for heads that share `count` keys of `size` values, `step` bytes
    /// apart.
    ///
    /// @param q the first head's query, followed by the others'
    /// @param scores the scores of each head, `scoresRow` bytes apart, whole vectors that hold `count` values
    /// @param ahead memory to prefetch, as much as is read
    /// @param scratch memory of `count` vectors
    void scores(long q, int heads, int size, long keys, long step, int count, float scale, long scores, long scoresRow,
            Prefetch ahead, long scratch);

    /// Computes `scores` for several groups of heads. A row holds the keys of one group after the other; queries and
    /// scores of the groups follow each other.
    ///
    /// @param heads heads of a group
    default void scores(int groups, long q, int heads, int size, long keys, long step, int count, float scale,
            long scores, long scoresRow, Prefetch ahead, long scratch) {
        for (int g = 0; g < groups; g++) {
            scores(q + 4L * g * heads * size, heads, size, keys + 4L * g * size, step, count, scale,
                    scores + g * heads * scoresRow, scoresRow, ahead, scratch);
        }
    }

    /// Converts the scores of heads to weights as `weigh` does.
    ///
    /// @param state `STATE_BYTES` for each head, as F32: the largest score and the denominator so far, and the factor
    ///        for earlier sums
    void weights(long scores, long scoresRow, int heads, int count, long state, long scratch);

    /// Whether `weightsInOrder` and `accumulate` give the bits of `weigh` and `multiply` for a panel of queries.
    default boolean addsRowsInOrder() {
        return false;
    }

    /// `weights` with denominators that are added one by one; requires `addsRowsInOrder`.
    default void weightsInOrder(long scores, long scoresRow, int heads, int count, long state) {
        throw new UnsupportedOperationException();
    }

    /// Computes `sums[h] = decay[h] · sums[h] + Σ_j weights[h,j] · values[j]` for heads that share `count` rows of
    /// `size` values, `step` bytes apart.
    ///
    /// @param state the state written by `weights`
    /// @param ahead as in `scores`
    void accumulate(long sums, int heads, int size, long state, long weights, long weightsRow, long values, long step,
            int count, Prefetch ahead, long scratch);

    /// Computes `accumulate` for several groups of heads. A row holds the values of one group after the other; sums,
    /// states and weights of the groups follow each other.
    ///
    /// @param heads heads of a group
    default void accumulate(int groups, long sums, int heads, int size, long state, long weights, long weightsRow,
            long values, long step, int count, Prefetch ahead, long scratch) {
        for (int g = 0; g < groups; g++) {
            accumulate(sums + 4L * g * heads * size, heads, size, state + g * heads * STATE_BYTES,
                    weights + g * heads * weightsRow, weightsRow, values + 4L * g * size, step, count, ahead, scratch);
        }
    }

    /// Inner loops for weights that stay packed.
    interface PackingTiles extends Tiles {
        /// Allocates memory for panels, freed when no longer reachable.
        MemorySegment memory(long sizeBytes);

        /// Drops the pages of a mapped weight from resident memory, unless it was updated.
        void dropPages(Tensor w);
    }

    /// Inner loops whose `multiply` takes panels of FP16 or BF16 values: consecutive rows of `cols()` values.
    interface HalfTiles extends PackingTiles {
        /// Splits rows of `cols()` 16-bit pairs into two rows each: the lower values, then the upper ones.
        ///
        /// @param count rows of pairs, at least 1
        void split(long pairs, int count, long to);

        /// Size of a row of a panel, in bytes.
        default long halfBytes() {
            return 2L * cols();
        }
    }

    /// The inner loops of `Bf16Products` over BF16 pairs. To the loops of `TiledProduct` a pair is a 32-bit value:
    /// `multiply` takes pairs for A and B and counts its depth in pairs.
    interface Bf16Tiles extends PackingTiles {
        /// Decodes rows of a weight and rounds them: `to[r][i] = bf16(w[r][i])`, consecutive rows of `2 · pairs`
        /// values, of which those beyond `count` are 0.
        ///
        /// @param from the address of the first row; rows are `rowBytes` apart
        /// @param worker the thread, for its scratch memory
        void round(DType type, long from, long rowBytes, int rows, int count, int pairs, long to, int worker);

        /// Decodes rows of a weight to consecutive F32 rows.
        void decode(DType type, long from, long rowBytes, int rows, int count, long to, int worker);

        /// Interleaves two F32 rows to pairs, `to[i] = (bf16(a[i]), bf16(b[i]))`, padded with zeros to a multiple of
        /// `cols()`.
        void interleave(long to, long a, long b, int count);

        /// Interleaves pairs of neighboring rows, `rowBytes` apart, to rows of a panel.
        ///
        /// @param pairs at least 0
        /// @param count 1 to `cols()`
        void interleave(long to, long from, long rowBytes, int pairs, int count);
    }

    /// Packs a weight into panels.
    interface Panels {
        /// Size of all panels of a B of so many columns and rows, in bytes.
        long sizeBytes(int cols, int depth);

        /// Packs the B whose columns are the rows of w.
        void transposed(Tensor w, long to);
    }
}
