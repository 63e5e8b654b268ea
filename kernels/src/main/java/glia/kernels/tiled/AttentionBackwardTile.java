package glia.kernels.tiled;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.AttentionTrace;
import glia.tensor.kernel.Scores;

/// The gradient of attention for the query heads of one run that share their keys. As in `AttentionTile`, a query (a
/// token's head) is a lane, and keys are processed in blocks:
/// ```
/// P  = exp(rule(K · Qᵀ) - lse)            [keys, queries]
/// dP = V · dOᵀ
/// dS = P · (dP - do·o) · rule'
/// dQᵀ += Kᵀ · dS,  dK += dS · Q,  dV += P · dO
/// ```
/// Q is multiplied by the scale when it is loaded, dQ when it is stored.
final class AttentionBackwardTile {
    private static final int BLOCK = 64;
    /// The log-sum-exp that makes the probabilities of lanes without a query 0.
    private static final float NO_QUERY = 1e30f;

    private final Scratch scratch = new Scratch();
    private final Tiles tiles;
    private final int worker;
    private final int tileRows;
    private final int panelCols;
    private final long panelBytes;
    private final int[] heads;
    private final int[] positions;
    private final float[] logSumExps;
    private AttentionTrace trace;
    private AttentionShape shape;
    private ScoreRule rule;
    private int run;
    private int kvHead;
    private float[] biases;
    private long queries;
    private long queryRows;
    private long douts;
    private long doutRows;
    private long dqueries;
    private long dqueryRows;
    private long weights;
    private long dweights;
    private long capped;
    private long state;
    /// do·o of each lane.
    private long doOs;
    private long dummy;
    private long copy;
    private long keySums;
    private long valueSums;

    /// @param worker the thread
    AttentionBackwardTile(Tiles tiles, int worker) {
        this.tiles = tiles;
        this.worker = worker;
        tileRows = tiles.rows();
        panelCols = tiles.cols();
        panelBytes = tiles.panelBytes();
        heads = new int[panelCols];
        positions = new int[panelCols];
        logSumExps = new float[panelCols];
    }

    /// Rows behind the gradients of keys that a last tile may write to.
    int spareRows() {
        return tileRows;
    }

    private int panels(int size) {
        return Math.ceilDiv(size, panelCols);
    }

    /// Processes every `parts`th tile from tile `part` on.
    ///
    /// @param sums memory for the gradients of keys, then of values, with spare rows
    /// @param biases the gradient of a learned bias, to be added to
    void run(AttentionTrace trace, ScoreRule rule, int run, int kvHead, int part, int parts, long sums,
            float[] biases) {
        this.trace = trace;
        this.shape = trace.shape();
        this.rule = rule;
        this.run = run;
        this.kvHead = kvHead;
        this.biases = biases;
        reserve();
        int rows = trace.numKeys(run) + tileRows;
        keySums = sums;
        valueSums = sums + rows * panels(shape.keySize()) * panelBytes;
        tiles.clear(sums, rows * (panels(shape.keySize()) + panels(shape.valueSize())) * panelCols);
        int all = (trace.runs().end(run) - trace.runs().start(run)) * shape.groupSize();
        for (int from = part * panelCols; from < all; from += parts * panelCols) {
            tile(from, Math.min(panelCols, all - from));
        }
    }

    private void reserve() {
        long keyRows = (long) panels(shape.keySize()) * panelCols;
        long valueRows = (long) panels(shape.valueSize()) * panelCols;
        long rows = 4 * keyRows + 2 * valueRows + 3L * (BLOCK + tileRows + 1) + 2L * tileRows + 6;
        queries = scratch.reserve(rows * panelBytes
                + 4L * tileRows * Math.max(BLOCK, Math.max(shape.keySize(), shape.valueSize())));
        queryRows = queries + keyRows * panelBytes;
        douts = queryRows + keyRows * panelBytes;
        doutRows = douts + valueRows * panelBytes;
        dqueries = doutRows + valueRows * panelBytes;
        dqueryRows = dqueries + (keyRows + tileRows) * panelBytes;
        weights = dqueryRows + keyRows * panelBytes;
        dweights = weights + (BLOCK + tileRows + 1) * panelBytes;
        capped = dweights + (BLOCK + tileRows + 1) * panelBytes;
        state = capped + (BLOCK + tileRows + 1) * panelBytes;
        doOs = state + 4 * panelBytes;
        dummy = doOs + panelBytes;
        copy = dummy + panelBytes;
    }

    private void tile(int from, int count) {
        int group = shape.groupSize();
        clearRows(queryRows, shape.keySize(), count);
        clearRows(doutRows, shape.valueSize(), count);
        tiles.clear(dqueries, shape.keySize() * panelCols);
        int lowest = Integer.MAX_VALUE;
        int highest = -1;
        int highestFirst = 0;
        int lowestLast = Integer.MAX_VALUE;
        for (int i = 0; i < panelCols; i++) {
            int query = from + Math.min(i, count - 1);
            int n = trace.runs().start(run) + query / group;
            heads[i] = kvHead * group + query % group;
            positions[i] = trace.runs().position(run) + query / group;
            int first = shape.span().first(positions[i]);
            int last = trace.runs().last(run, shape.span(), positions[i], trace.numKeys(run));
            Memory.f32(state + 2 * panelBytes + 4L * i, first);
            Memory.f32(state + 3 * panelBytes + 4L * i, last);
            lowest = Math.min(lowest, first);
            highestFirst = Math.max(highestFirst, first);
            lowestLast = Math.min(lowestLast, last);
            highest = Math.max(highest, last);
            logSumExps[i] = NO_QUERY;
            Memory.f32(doOs + 4L * i, 0);
            if (i < count) {
                load(i, (long) n * shape.numHeads() + heads[i]);
            }
        }
        transpose(queryRows, shape.keySize(), queries);
        transpose(doutRows, shape.valueSize(), douts);
        for (int p = lowest, end; p <= highest; p = end) {
            end = Math.min(highest + 1, (p / BLOCK + 1) * BLOCK);
            block(p, end - p, highestFirst > p || lowestLast < end - 1);
        }
        for (int e = 0; e < shape.keySize(); e += panelCols) {
            tiles.transpose(DType.F32, dqueries + e * panelBytes, panelBytes,
                    Math.min(panelCols, shape.keySize() - e), panelCols, dqueryRows + e * panelBytes, worker);
        }
        for (int i = 0; i < count; i++) {
            store(i, (long) (trace.runs().start(run) + (from + i) / group) * shape.numHeads() + heads[i]);
        }
    }

    /// Clears rows of `size` values if `load` leaves some of their panels' values unset.
    private void clearRows(long rows, int size, int count) {
        if (count < panelCols || size % panelCols != 0) {
            tiles.clear(rows, panels(size) * panelCols * panelCols);
        }
    }

    /// Transposes the rows that `load` has set: value e of row i to row e, column i.
    private void transpose(long rows, int size, long columns) {
        for (int e = 0; e < size; e += panelCols) {
            tiles.transpose(DType.F32, rows + e * panelBytes, panelBytes, panelCols, Math.min(panelCols, size - e),
                    columns + e * panelBytes, worker);
        }
    }

    /// Loads a query and its output's gradient as row i.
    private void load(int i, long index) {
        int valueSize = shape.valueSize();
        loadRow(queryRows, i, trace.q().address() + 4 * index * shape.keySize(), shape.keySize(), shape.scale());
        long dout = trace.dout().address() + 4 * index * valueSize;
        loadRow(doutRows, i, dout, valueSize, 1);
        long out = trace.out().address() + 4 * index * valueSize;
        Memory.f32(doOs + 4L * i, dot(dout, out, valueSize));
        logSumExps[i] = Memory.f32(trace.logSumExp().address() + 4 * index);
    }

    /// A dot product as four sums, whose additions do not wait for each other.
    private static float dot(long a, long b, int size) {
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        int e = 0;
        for (; e + 3 < size; e += 4) {
            s0 = Math.fma(Memory.f32(a + 4L * e), Memory.f32(b + 4L * e), s0);
            s1 = Math.fma(Memory.f32(a + 4L * e + 4), Memory.f32(b + 4L * e + 4), s1);
            s2 = Math.fma(Memory.f32(a + 4L * e + 8), Memory.f32(b + 4L * e + 8), s2);
            s3 = Math.fma(Memory.f32(a + 4L * e + 12), Memory.f32(b + 4L * e + 12), s3);
        }
        for (; e < size; e++) {
            s0 = Math.fma(Memory.f32(a + 4L * e), Memory.f32(b + 4L * e), s0);
        }
        return (s0 + s1) + (s2 + s3);
    }

    private void loadRow(long rows, int i, long from, int size, float factor) {
        for (int e = 0; e < size; e += panelCols) {
            tiles.scale(rows + (long) (e + i) * panelBytes, from + 4L * e, Math.min(panelCols, size - e), factor);
        }
    }

    private void store(int i, long index) {
        float scale = shape.scale();
        for (int e = 0; e < shape.keySize(); e += panelCols) {
            long dq = trace.dq().address() + 4 * (index * shape.keySize() + e);
            long row = dqueryRows + (long) (e + i) * panelBytes;
            tiles.add(dq, dq, row, Math.min(panelCols, shape.keySize() - e), scale);
        }
    }

    private void block(int from, int count, boolean masked) {
        int keySize = shape.keySize();
        int valueSize = shape.valueSize();
        int left = trace.numKeys(run) - from;
        Tensor k = trace.k();
        Tensor v = trace.v();
        long row = trace.keyRuns().start(run) + from;
        long keys = k.address() + 4L * (row * k.cols() + kvHead * keySize);
        long values = v.address() + 4L * (row * v.cols() + kvHead * valueSize);
        rowsTimes(weights, keys, 4L * k.cols(), keySize, queries, count, left);
        rowsTimes(dweights, values, 4L * v.cols(), valueSize, douts, count, left);
        rule.applyToPanel(weights, count, from, positions, heads);
        if (shape.scores() instanceof Scores.Capped) {
            for (int j = 0; j < count * panelCols; j++) {
                Memory.f32(capped + 4L * j, Memory.f32(weights + 4L * j));
            }
        }
        for (int i = 0; i < panelCols; i++) {
            Memory.f32(state + 4L * i, logSumExps[i]);
        }
        tiles.weigh(weights, count, from, masked, state, dummy, 1);
        differentiate(from, count);
        // Rows that a last tile reads beyond the block add nothing.
        tiles.clear(weights + count * panelBytes, tileRows * panelCols);
        tiles.clear(dweights + count * panelBytes, tileRows * panelCols);
        columnsTimes(keys, 4L * k.cols(), keySize, count);
        panelTimes(keySums, from, dweights, queryRows, keySize, count);
        panelTimes(valueSums, from, weights, doutRows, valueSize, count);
    }

    /// Computes dS from dP, in place.
    private void differentiate(int from, int count) {
        tiles.differentiate(dweights, weights, count, doOs);
        if (shape.scores() instanceof Scores.Capped cap) {
            for (int j = 0; j < count * panelCols; j++) {
                float share = Memory.f32(capped + 4L * j) / cap.cap();
                Memory.f32(dweights + 4L * j, Memory.f32(dweights + 4L * j) * (1 - share * share));
            }
        }
        if (shape.scores() instanceof Scores.RelativeBias buckets) {
            for (int j = 0; j < count; j++) {
                for (int i = 0; i < panelCols; i++) {
                    int bucket = buckets.bucket(from + j - positions[i]);
                    biases[bucket * shape.numHeads() + heads[i]] += Memory.f32(dweights + j * panelBytes + 4L * i);
                }
            }
        }
    }

    /// Computes `panel[j,:] = Σ_e rows[j,e] · columns[e,:]` for `count` rows, of which `left` may be read.
    private void rowsTimes(long panel, long rows, long step, int size, long columns, int count, int left) {
        for (int j = 0; j < count; j += tileRows) {
            int some = Math.min(tileRows, count - j);
            long from = rows + j * step;
            long row = step;
            if (j + tiles.minRows(some) > left) {
                copyRows(from, step, left - j, size);
                from = copy;
                row = 4L * size;
            }
            tiles.set(some, panelCols, panel + j * panelBytes, panelBytes, from, row, 4, columns, size);
        }
    }

    private void copyRows(long from, long step, int rows, int size) {
        for (int r = 0; r < tileRows; r++) {
            for (int e = 0; e < size; e++) {
                Memory.f32(copy + 4L * (r * size + e), r < rows ? Memory.f32(from + r * step + 4L * e) : 0);
            }
        }
    }

    /// Computes `dQᵀ[e,:] += Σ_j keys[j,e] · dS[j,:]`.
    private void columnsTimes(long keys, long step, int size, int count) {
        for (int e = 0; e < size; e += tileRows) {
            int some = Math.min(tileRows, size - e);
            long column = keys + 4L * e;
            long row = step;
            if (e + tiles.minRows(some) > size) {
                for (int j = 0; j < count; j++) {
                    for (int r = 0; r < tileRows; r++) {
                        float number = r < some ? Memory.f32(column + j * step + 4L * r) : 0;
                        Memory.f32(copy + 4L * (j * tileRows + r), number);
                    }
                }
                column = copy;
                row = 4L * tileRows;
            }
            tiles.multiply(some, panelCols, dqueries + e * panelBytes, panelBytes, column, 4, row, dweights, count);
        }
    }

    /// Computes `sums[from + j,:] += Σ_i panel[j,i] · rows[i,:]`.
    private void panelTimes(long sums, int from, long panel, long rows, int size, int count) {
        int panels = panels(size);
        long step = panels * panelBytes;
        for (int c = 0; c < panels; c++) {
            for (int j = 0; j < count; j += tileRows) {
                tiles.multiply(Math.min(tileRows, count - j), panelCols, sums + (from + j) * step + c * panelBytes,
                        step, panel + j * panelBytes, panelBytes, 4, rows + (long) c * panelCols * panelBytes,
                        panelCols);
            }
        }
    }
}
