package glia.kernels.tiled;

import glia.kernels.tiled.AttentionRow.HeadRows;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import java.lang.foreign.MemorySegment;

/// Attention of a tile of queries: as many as a panel has columns, where a query is a token's head; heads that share
/// their keys are together. A query is a lane throughout, so that maxima, weights and denominators need no reductions
/// across lanes: scores `[positions, queries] = K · Qᵀ`, sums `[valueSize, queries] += Vᵀ · weights`, which reads keys
/// and values in place.
final class AttentionTile {
    private static final int BLOCK = 64;
    /// Positions are compared as F32, in which they are exact below 2^24.
    private static final int MAX_POSITIONS = 1 << 24;

    private final Scratch scratch = new Scratch();
    private final Tiles tiles;
    private final HeadRows keys;
    private final HeadRows values;
    private final int worker;
    private final int tileRows;
    private final int panelCols;
    private final long panelBytes;
    private AttentionShape shape;
    private ScoreRule rule;
    private KeyValues kv;
    private int kvHead;
    private long queries;
    private long scores;
    private long sums;
    private long largests;
    private long denominators;
    private long firsts;
    private long lasts;
    private long transposed;
    private long copy;
    private final int[] heads;
    private final int[] positions;
    private int count;
    private int lowest;
    private int highest;
    private int highestFirst;
    private int lowestLast;

    AttentionTile(Tiles tiles, int worker) {
        this.tiles = tiles;
        this.worker = worker;
        keys = new HeadRows(tiles, worker);
        values = new HeadRows(tiles, worker);
        tileRows = tiles.rows();
        panelCols = tiles.cols();
        panelBytes = tiles.panelBytes();
        heads = new int[panelCols];
        positions = new int[panelCols];
    }

    /// Attends to the visible ones of the positions `first` to `last` (inclusive).
    ///
    /// @param tile the queries of the run from `tile · panelCols` on, counted token by token, in each the heads
    void run(Tensor q, KeyValues kv, Runs runs, int run, AttentionShape shape, ScoreRule rule, int kvHead, int tile,
            int first, int last) {
        this.shape = shape;
        this.rule = rule;
        this.kv = kv;
        this.kvHead = kvHead;
        reserve();
        int groupSize = shape.groupSize();
        int from = tile * panelCols;
        count = Math.min(panelCols, (runs.end(run) - runs.start(run)) * groupSize - from);
        tiles.clear(sums, shape.valueSize() * panelCols);
        lowest = Integer.MAX_VALUE;
        highest = -1;
        highestFirst = 0;
        lowestLast = Integer.MAX_VALUE;
        for (int i = 0; i < panelCols; i++) {
            int query = from + Math.min(i, count - 1);
            int n = query / groupSize;
            int head = kvHead * groupSize + query % groupSize;
            heads[i] = head;
            int position = runs.position(run) + n;
            see(i, position, runs.last(run, shape.span(), position, kv.length()), first, last);
        }
        queries(q, runs.start(run), from);
        int end = Math.min(highest, last) + 1;
        for (int p = Math.max(lowest, first), next; p < end; p = next) {
            next = Math.min(end, (p / BLOCK + 1) * BLOCK);
            block(p, next);
        }
    }

    /// The number of queries in the tile.
    int count() {
        return count;
    }

    float largest(int i) {
        return Memory.f32(largests + 4L * i);
    }

    float denominator(int i) {
        return Memory.f32(denominators + 4L * i);
    }

    /// Transposes the weighted sums of values, so that each query's are consecutive for `sums`. To be called once, at
    /// the end.
    void transposeSums() {
        for (int e = 0; e < shape.valueSize(); e += panelCols) {
            int rows = Math.min(panelCols, shape.valueSize() - e);
            tiles.transpose(DType.F32, sums + e * panelBytes, panelBytes, rows, panelCols, transposed + e * panelBytes,
                    worker);
        }
    }

    /// Writes the weighted sum of values of query i, times a factor.
    void sums(int i, float factor, long to) {
        for (int e = 0; e < shape.valueSize(); e += panelCols) {
            int width = Math.min(panelCols, shape.valueSize() - e);
            tiles.scale(to + 4L * e, transposed + (e + i) * panelBytes, width, factor);
        }
    }

    /// Writes a partial result of query i: the largest score, the denominator, the sums.
    void store(int i, long to) {
        Memory.f32(to, largest(i));
        Memory.f32(to + 4, denominator(i));
        sums(i, 1, to + 8);
    }

    /// Loads the queries as columns of a panel, times the scale; missing ones are 0. The heads of a token are
    /// consecutive.
    ///
    /// @param from the tile's first query in the run
    private void queries(Tensor q, int firstToken, int from) {
        int group = shape.groupSize();
        long bytes = 4L * shape.keySize();
        for (int i = 0, heads; i < count; i += heads) {
            int first = (from + i) % group;
            heads = Math.min(count - i, group - first);
            long at = q.address() + firstToken * q.rowBytes() + (from + i) / group * q.rowBytes()
                    + (kvHead * group + first) * bytes;
            MemorySegment.copy(Memory.ALL, at, Memory.ALL, copy + i * bytes, heads * bytes);
        }
        if (count < panelCols) {
            tiles.clear(queries, shape.keySize() * panelCols);
        }
        for (int k = 0; k < shape.keySize(); k += TiledProduct.DEPTH) {
            int part = Math.min(TiledProduct.DEPTH, shape.keySize() - k);
            tiles.transpose(DType.F32, copy + 4L * k, bytes, count, part, queries + k * panelBytes, worker);
        }
        tiles.scale(queries, queries, shape.keySize() * panelCols, shape.scale());
    }

    private void reserve() {
        int keySize = shape.keySize();
        int valueSize = shape.valueSize();
        int transposedRows = Math.ceilDiv(valueSize, panelCols) * panelCols;
        queries = scratch.reserve((keySize + BLOCK + valueSize + 2L * tileRows + 4 + transposedRows) * panelBytes
                + 4L * Math.max(tileRows * Math.max(keySize, BLOCK), panelCols * keySize));
        scores = queries + (long) keySize * panelBytes;
        sums = scores + (long) (BLOCK + tileRows) * panelBytes;
        largests = sums + (long) (valueSize + tileRows) * panelBytes;
        denominators = largests + panelBytes;
        firsts = denominators + panelBytes;
        lasts = firsts + panelBytes;
        transposed = lasts + panelBytes;
        copy = transposed + transposedRows * panelBytes;
    }

    /// Sets the positions visible to lane i. The attention sinks are added in the range of the first of them.
    private void see(int i, int position, int last, int rangeFirst, int rangeLast) {
        int first = shape.span().first(position);
        boolean sinks = rule.hasSinks() && first >= rangeFirst && first <= rangeLast;
        if (last >= MAX_POSITIONS) {
            throw new IllegalArgumentException("position " + last + ", at most " + (MAX_POSITIONS - 1));
        }
        Memory.f32(firsts + 4L * i, first);
        Memory.f32(lasts + 4L * i, last);
        Memory.f32(largests + 4L * i, sinks ? rule.sink(heads[i]) : -Float.MAX_VALUE);
        Memory.f32(denominators + 4L * i, sinks ? 1 : 0);
        positions[i] = position;
        lowest = Math.min(lowest, first);
        highestFirst = Math.max(highestFirst, first);
        lowestLast = Math.min(lowestLast, last);
        highest = Math.max(highest, last);
    }

    private void block(int from, int to) {
        for (int p = from, end; p < to; p = end) {
            end = Math.min(to, (p / kv.pageTokens() + 1) * kv.pageTokens());
            score(p, end, scores + (long) (p - from) * panelBytes);
        }
        rule.applyToPanel(scores, to - from, from, positions, heads);
        boolean masked = highestFirst > from || lowestLast < to - 1;
        tiles.weigh(scores, to - from, from, masked, largests, sums, shape.valueSize());
        for (int p = from, end; p < to; p = end) {
            end = Math.min(to, (p / kv.pageTokens() + 1) * kv.pageTokens());
            accumulate(p, end, scores + (long) (p - from) * panelBytes);
        }
    }

    /// Computes scores of positions of one page. A tile may read keys that do not exist yet, but none beyond the page;
    /// their scores are not used.
    private void score(int from, int to, long scores) {
        int size = shape.keySize();
        keys.keys(kv, from, to - from, kvHead, size);
        for (int r = 0; r < to - from; r += tileRows) {
            int rows = Math.min(tileRows, to - from - r);
            long first = keys.address() + r * keys.step();
            long step = keys.step();
            if (r + tiles.minRows(rows) > keys.readable()) {
                copyRows(first, step, keys.readable() - r, size);
                first = copy;
                step = 4L * size;
            }
            tiles.set(rows, count, scores + r * panelBytes, panelBytes, first, step, 4, queries, size);
        }
    }

    /// Copies `rows` rows of `count` values and pads them with rows of zeros to a tile.
    private void copyRows(long from, long step, int rows, int count) {
        for (int r = 0; r < tileRows; r++) {
            for (int i = 0; i < count; i++) {
                Memory.f32(copy + 4L * (r * count + i), r < rows ? Memory.f32(from + r * step + 4L * i) : 0);
            }
        }
    }

    /// The values, which are already decoded if they are part of the last keys.
    private HeadRows values(int from, int to) {
        if (keys.areValues(kv, from, shape)) {
            return keys;
        }
        values.values(kv, from, to - from, kvHead, shape.valueSize());
        return values;
    }

    private void accumulate(int from, int to, long weights) {
        int size = shape.valueSize();
        HeadRows values = values(from, to);
        for (int e = 0; e < size; e += tileRows) {
            int rows = Math.min(tileRows, size - e);
            long column = values.address() + 4L * e;
            long row = values.step();
            if (e + tiles.minRows(rows) > size) {
                copyColumns(column, row, to - from, size - e);
                column = copy;
                row = 4L * tileRows;
            }
            tiles.multiply(rows, count, sums + e * panelBytes, panelBytes, column, 4, row, weights, to - from);
        }
    }

    /// Copies the first `count` values of `rows` rows and pads them with zeros to a tile.
    private void copyColumns(long from, long step, int rows, int count) {
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < tileRows; i++) {
                Memory.f32(copy + 4L * (r * tileRows + i), i < count ? Memory.f32(from + r * step + 4L * i) : 0);
            }
        }
    }
}
