package glia.tensor.kernel.vector;

import static glia.tensor.Memory.ALL;
import static glia.tensor.kernel.vector.Simd.ADDRESS;
import static glia.tensor.kernel.vector.Simd.BYTES;
import static glia.tensor.kernel.vector.Simd.F;
import static glia.tensor.kernel.vector.Simd.ORDER;
import static glia.tensor.kernel.vector.Simd.PANEL;
import static glia.tensor.kernel.vector.Simd.PANEL_BYTES;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.Runs;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Attention of a tile of queries: as many as a panel has columns, tokens and the heads that share their keys together.
/// A query is a lane throughout, so that largest scores, weights and denominators need no sums across lanes:
/// scores `[positions, queries] = K · Qᵀ`, sums `[valueSize, queries] += Vᵀ · weights`, both by `Tile`, which reads
/// keys and values where they lie.
final class AttentionTile {
    private static final int BLOCK = 64;

    private final Scratch scratch = new Scratch();
    private AttentionShape shape;
    private KeyValues kv;
    private int kvHead;
    private long queries;
    private long scores;
    private long sums;
    private long largests;
    private long denominators;
    private long firsts;
    private long lasts;
    private long copy;
    private int lowest;
    private int highest;
    private int highestFirst;
    private int lowestLast;

    /// @param tile which queries of the run: from `tile · PANEL` on, counted token by token, in each the heads
    void run(Tensor out, Tensor logSumExp, Tensor q, KeyValues kv, Runs runs, int run, AttentionShape shape, int kvHead,
            int tile) {
        this.shape = shape;
        this.kv = kv;
        this.kvHead = kvHead;
        reserve();
        int heads = shape.groupSize();
        int from = tile * PANEL;
        int count = Math.min(PANEL, (runs.end(run) - runs.start(run)) * heads - from);
        TiledProduct.clear(queries, shape.keySize() * PANEL);
        TiledProduct.clear(sums, shape.valueSize() * PANEL);
        lowest = Integer.MAX_VALUE;
        highest = -1;
        highestFirst = 0;
        lowestLast = Integer.MAX_VALUE;
        for (int i = 0; i < PANEL; i++) {
            int n = (from + Math.min(i, count - 1)) / heads;
            see(i, runs.position(run) + n);
            if (i < count) {
                int head = kvHead * heads + (from + i) % heads;
                long query = q.address() + 4L * ((long) (runs.start(run) + n) * q.cols() + head * shape.keySize());
                for (int e = 0; e < shape.keySize(); e++) {
                    Memory.f32(queries + (long) e * PANEL_BYTES + 4L * i, shape.scale() * Memory.f32(query + 4L * e));
                }
            }
        }
        for (int p = lowest, end; p <= highest; p = end) {
            end = Math.min(highest + 1, (p / BLOCK + 1) * BLOCK);
            block(p, end);
        }
        write(out, logSumExp, runs.start(run), from, count);
    }

    private void reserve() {
        int keySize = shape.keySize();
        int valueSize = shape.valueSize();
        queries = scratch.reserve((keySize + BLOCK + valueSize + 2L * Tile.ROWS + 4) * PANEL_BYTES
                + 4L * Tile.ROWS * Math.max(keySize, BLOCK));
        scores = queries + (long) keySize * PANEL_BYTES;
        sums = scores + (long) (BLOCK + Tile.ROWS) * PANEL_BYTES;
        largests = sums + (long) (valueSize + Tile.ROWS) * PANEL_BYTES;
        denominators = largests + PANEL_BYTES;
        firsts = denominators + PANEL_BYTES;
        lasts = firsts + PANEL_BYTES;
        copy = lasts + PANEL_BYTES;
    }

    /// Notes which positions lane i sees. Positions are compared as F32, in which they are exact below 2^24.
    private void see(int i, int position) {
        int first = shape.span().first(position);
        int last = shape.span().last(position);
        assert last < 1 << 24;
        Memory.f32(firsts + 4L * i, first);
        Memory.f32(lasts + 4L * i, last);
        Memory.f32(largests + 4L * i, -Float.MAX_VALUE);
        Memory.f32(denominators + 4L * i, 0);
        lowest = Math.min(lowest, first);
        highestFirst = Math.max(highestFirst, first);
        lowestLast = Math.min(lowestLast, last);
        highest = Math.max(highest, last);
    }

    private void block(int from, int to) {
        TiledProduct.clear(scores, (to - from) * PANEL);
        for (int p = from, end; p < to; p = end) {
            end = Math.min(to, (p / kv.pageTokens() + 1) * kv.pageTokens());
            score(p, end, scores + (long) (p - from) * PANEL_BYTES);
        }
        boolean masked = highestFirst > from || lowestLast < to - 1;
        for (int side = 0; side < PANEL_BYTES; side += BYTES) {
            if (masked) {
                mask(scores + side, to - from, from, firsts + side, lasts + side);
            }
            weigh(scores + side, to - from, largests + side, denominators + side, sums + side, shape.valueSize());
        }
        for (int p = from, end; p < to; p = end) {
            end = Math.min(to, (p / kv.pageTokens() + 1) * kv.pageTokens());
            accumulate(p, end, scores + (long) (p - from) * PANEL_BYTES);
        }
    }

    /// Scores of positions of one page. A tile may read keys that are not there yet, but none beyond the page; their
    /// scores are not used.
    private void score(int from, int to, long scores) {
        int size = shape.keySize();
        int pageEnd = (from / kv.pageTokens() + 1) * kv.pageTokens();
        long step = 4L * kv.keyCols();
        for (int p = from; p < to; p += Tile.ROWS) {
            long keys = kv.keyAddress(p) + 4L * kvHead * size;
            long row = step;
            if (p + Tile.ROWS > pageEnd) {
                copyRows(keys, step, pageEnd - p, size);
                keys = copy;
                row = 4L * size;
            }
            long target = scores + (long) (p - from) * PANEL_BYTES;
            Tile.multiply(target, PANEL_BYTES, keys, row, 4, queries, PANEL_BYTES, size);
        }
    }

    /// Copies `rows` rows of `count` numbers and fills up with rows of zeros to a tile.
    private void copyRows(long from, long step, int rows, int count) {
        for (int r = 0; r < Tile.ROWS; r++) {
            for (int i = 0; i < count; i++) {
                Memory.f32(copy + 4L * (r * count + i), r < rows ? Memory.f32(from + r * step + 4L * i) : 0);
            }
        }
    }

    /// Hides positions that a query does not see, in a vector of columns.
    private static void mask(long scores, int count, int from, long firsts, long lasts) {
        FloatVector first = FloatVector.fromMemorySegment(F, ALL, firsts & ADDRESS, ORDER);
        FloatVector last = FloatVector.fromMemorySegment(F, ALL, lasts & ADDRESS, ORDER);
        for (int j = 0; j < count; j++) {
            float position = from + j;
            VectorMask<Float> hidden = first.compare(GT, position).or(last.compare(LT, position));
            long at = scores + (long) j * PANEL_BYTES & ADDRESS;
            FloatVector.fromMemorySegment(F, ALL, at, ORDER).blend(Float.NEGATIVE_INFINITY, hidden)
                    .intoMemorySegment(ALL, at, ORDER);
        }
    }

    /// Turns a vector of columns of scores into weights `exp(score - largest)`, adds them to the denominators and
    /// scales down earlier sums by the growth of the largest score. For that the old largest scores pass through
    /// `exp` in a row of their own behind the scores.
    private static void weigh(long scores, int count, long largests, long denominators, long sums, int valueSize) {
        raise(scores, count, largests);
        Exponential.apply(scores, count + 1, PANEL_BYTES, largests, scores);
        FloatVector total = FloatVector.zero(F);
        for (int j = 0; j < count; j++) {
            long at = scores + (long) j * PANEL_BYTES & ADDRESS;
            total = total.add(FloatVector.fromMemorySegment(F, ALL, at, ORDER));
        }
        long behind = scores + (long) count * PANEL_BYTES & ADDRESS;
        FloatVector decay = FloatVector.fromMemorySegment(F, ALL, behind, ORDER);
        FloatVector.fromMemorySegment(F, ALL, denominators & ADDRESS, ORDER).fma(decay, total)
                .intoMemorySegment(ALL, denominators & ADDRESS, ORDER);
        for (int e = 0; e < valueSize; e++) {
            long at = sums + (long) e * PANEL_BYTES & ADDRESS;
            FloatVector.fromMemorySegment(F, ALL, at, ORDER).mul(decay).intoMemorySegment(ALL, at, ORDER);
        }
    }

    /// Puts the largest scores so far behind the scores and the new largest in their place.
    private static void raise(long scores, int count, long largests) {
        FloatVector largest = FloatVector.fromMemorySegment(F, ALL, largests & ADDRESS, ORDER);
        largest.intoMemorySegment(ALL, scores + (long) count * PANEL_BYTES & ADDRESS, ORDER);
        for (int j = 0; j < count; j++) {
            long at = scores + (long) j * PANEL_BYTES & ADDRESS;
            FloatVector s = FloatVector.fromMemorySegment(F, ALL, at, ORDER);
            largest = largest.blend(s, s.compare(GT, largest));
        }
        largest.intoMemorySegment(ALL, largests & ADDRESS, ORDER);
    }

    private void accumulate(int from, int to, long weights) {
        int size = shape.valueSize();
        long step = 4L * kv.valueCols();
        long values = kv.valueAddress(from) + 4L * kvHead * size;
        for (int e = 0; e < size; e += Tile.ROWS) {
            long column = values + 4L * e;
            long row = step;
            if (e + Tile.ROWS > size) {
                copyColumns(column, step, to - from, size - e);
                column = copy;
                row = 4L * Tile.ROWS;
            }
            Tile.multiply(sums + (long) e * PANEL_BYTES, PANEL_BYTES, column, 4, row, weights, PANEL_BYTES, to - from);
        }
    }

    /// Copies the first `count` numbers of `rows` rows and fills up with zeros to a tile.
    private void copyColumns(long from, long step, int rows, int count) {
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < Tile.ROWS; i++) {
                Memory.f32(copy + 4L * (r * Tile.ROWS + i), i < count ? Memory.f32(from + r * step + 4L * i) : 0);
            }
        }
    }

    private void write(Tensor out, Tensor logSumExp, int firstToken, int from, int count) {
        int heads = shape.groupSize();
        int size = shape.valueSize();
        for (int i = 0; i < count; i++) {
            long token = firstToken + (from + i) / heads;
            int head = kvHead * heads + (from + i) % heads;
            float denominator = Memory.f32(denominators + 4L * i);
            float factor = 1 / denominator;
            long to = out.address() + 4L * (token * out.cols() + head * size);
            for (int e = 0; e < size; e++) {
                Memory.f32(to + 4L * e, factor * Memory.f32(sums + (long) e * PANEL_BYTES + 4L * i));
            }
            if (logSumExp != null) {
                Memory.f32(logSumExp.address() + 4L * (token * shape.numHeads() + head),
                        Memory.f32(largests + 4L * i) + (float) Math.log(denominator));
            }
        }
    }
}
