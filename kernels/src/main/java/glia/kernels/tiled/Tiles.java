package glia.kernels.tiled;

import glia.tensor.QuantizedMatrix;
import glia.tensor.DType;
import glia.tensor.Memory;
import java.lang.foreign.MemorySegment;

/// The inner loops that a set of kernels lends to products and attention (`TiledProducts`, `Attention`): what is
/// written anew for each kind of processor. All work on addresses, which callers have checked, and on one thread.
///
/// A *tile* is a few rows of A, a *panel* a few columns of B: rows of `cols()` F32 numbers one behind the other, a
/// number of vectors each.
public interface Tiles {
    /// Bytes of a head's state (see `weights`).
    int STATE_BYTES = 12;
    /// Where in a state the denominator lies, and what earlier sums are multiplied with.
    int DENOMINATOR = 4;
    int DECAY = 8;

    /// Rows of a whole tile.
    int rows();

    /// Columns of a panel.
    int cols();

    default long panelBytes() {
        return 4L * cols();
    }

    /// Numbers of a column that are multiplied in one go, whole blocks. The fewer, the more of B stays in the first
    /// cache; the more, the less often results are read and written.
    default int depth() {
        return TiledProduct.DEPTH;
    }

    /// Lines of the same place of different pages that the first cache holds, at least.
    default int cacheWays() {
        return 8;
    }

    /// How many rows of A must be readable, and of C writable, for a tile of `rows` rows: as many, or a whole tile.
    int least(int rows);

    /// How many columns of C must be writable for `cols` columns of a panel: as many, rounded up to whole vectors, or
    /// all of a panel.
    int minCols(int cols);

    /// `C[t,:] += Σ_k A[t,k] · B[k,:]` for a tile and a panel.
    ///
    /// @param rows 1 to `rows()`
    /// @param cols 1 to `cols()`, the first of the panel's
    /// @param c the first number of C, whose rows are `cRow` bytes apart
    /// @param aRow bytes from row to row of A, below 256 MiB
    /// @param aStep bytes from k to k + 1 in A
    /// @param depth how many k, from 0 to 2^23
    void multiply(int rows, int cols, long c, long cRow, long a, long aRow, long aStep, long b, int depth);

    /// `C[t,:] = Σ_k A[t,k] · B[k,:]`, as `multiply`, but what C holds counts for nothing. Rows up to `least(rows)` and
    /// columns up to `minCols(cols)` are written.
    default void set(int rows, int cols, long c, long cRow, long a, long aRow, long aStep, long b, int depth) {
        for (int t = 0; t < least(rows); t++) {
            clear(c + t * cRow, minCols(cols));
        }
        multiply(rows, cols, c, cRow, a, aRow, aStep, b, depth);
    }

    /// Sets numbers to 0.
    void clear(long at, int count);

    /// `y = factor · x` for `count` numbers.
    default void scale(long y, long x, int count, float factor) {
        for (int i = 0; i < count; i++) {
            Memory.f32(y + 4L * i, factor * Memory.f32(x + 4L * i));
        }
    }

    /// Copies `count` pieces of `rows()` numbers, which lie `step` bytes apart, one behind the other.
    default void collect(long from, long step, int count, long to) {
        long bytes = 4L * rows();
        for (int i = 0; i < count; i++) {
            MemorySegment.copy(Memory.ALL, from + i * step, Memory.ALL, to + i * bytes, bytes);
        }
    }

    /// Asks the caches for rows of `sizeBytes` bytes, `step` bytes apart, that are needed soon.
    default void fetch(long from, long step, int rows, long sizeBytes) { }

    /// Decodes columns `col` to `col + count` of rows of a coded weight to F32, one row behind the other.
    ///
    /// @param worker the thread, for memory of its own
    void decode(QuantizedMatrix w, int row, int rows, int col, int count, long to, int worker);

    /// Decodes rows of numbers of a type to F32, one row behind the other.
    ///
    /// @param from where the numbers of the first row begin; rows are `rowBytes` apart
    /// @param count numbers of a row, whole blocks
    /// @param worker the thread, for memory of its own
    void decode(DType type, long from, long rowBytes, int rows, int count, long to, int worker);

    /// Decodes rows of a weight to columns of a panel: number k of row r to row k, column r. Columns beyond `rows` may
    /// become anything, and so may the panel's rows beyond `count` up to a multiple of 16.
    ///
    /// @param from where the numbers of the first row begin; rows are `rowBytes` apart
    /// @param rows 1 to `cols()`
    /// @param count numbers of a row, up to `depth()`, whole blocks
    /// @param worker the thread, for memory of its own
    void transpose(DType type, long from, long rowBytes, int rows, int count, long panel, int worker);

    /// Decodes rows without transposing them: number k of row r to row r, column `k % cols()` of panel `k / cols()`.
    ///
    /// @param rows up to `depth()`
    /// @param partBytes from panel to panel
    void straight(DType type, long from, long rowBytes, int rows, int count, long panels, long partBytes, int worker);

    /// Transposes a panel of scores, a query a column and a position a row, into weights `exp(score - largest)`; scores
    /// that a query does not see into 0. Raises the largest scores, adds to the denominators, and scales down earlier
    /// sums by the growth of the largest (https://arxiv.org/abs/1805.02867).
    ///
    /// @param scores `count` rows, and one more that is overwritten
    /// @param position the position of the first row
    /// @param masked whether any of the scores is of a position that its query does not see
    /// @param state four rows: the largest scores, the denominators, the first and the last position that a query sees,
    ///        as F32
    /// @param sums `size` rows
    void weigh(long scores, int count, int position, boolean masked, long state, long sums, int size);

    /// `x = cap · tanh(x / cap)` for `count` numbers, in whole vectors.
    void cap(long x, int count, float cap);

    /// `scores[h,j] = scale · q[h] · keys[j]` for heads that share `count` keys of `size` numbers, `step` bytes apart.
    ///
    /// @param q the first head's query, the others' behind it
    /// @param scores of each head, `scoresRow` bytes apart, as many whole vectors as hold `count` numbers
    /// @param ahead what is needed next, of which as much is asked for as is read
    /// @param scratch memory of `count` vectors
    void scores(long q, int heads, int size, long keys, long step, int count, float scale, long scores, long scoresRow,
            Prefetch ahead, long scratch);

    /// Transposes the scores of heads into weights as `weigh` does.
    ///
    /// @param state `STATE_BYTES` for each head: the largest score and the denominator so far, and what earlier sums
    ///        must be multiplied with, as F32
    void weights(long scores, long scoresRow, int heads, int count, long state, long scratch);

    /// Whether `weightsInOrder` and `accumulate` give the bits that `weigh` and `multiply` give for a panel of queries.
    default boolean addsRowsInOrder() {
        return false;
    }

    /// `weights` with denominators that are added up one by one, where `addsRowsInOrder`.
    default void weightsInOrder(long scores, long scoresRow, int heads, int count, long state) {
        throw new UnsupportedOperationException();
    }

    /// `sums[h] = decay[h] · sums[h] + Σ_j weights[h,j] · values[j]` for heads that share `count` rows of `size`
    /// numbers, `step` bytes apart.
    ///
    /// @param state what `weights` wrote
    /// @param ahead as in `scores`
    void accumulate(long sums, int heads, int size, long state, long weights, long weightsRow, long values, long step,
            int count, Prefetch ahead, long scratch);
}
