package glia.kernels.tiled;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.PartialAttention;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Workers;

/// Softmax attention. Long runs, and the many heads of latent attention, are processed as tiles of queries
/// (`AttentionTile`), other single tokens head by head (`AttentionRow`). If that makes few chunks, long contexts are
/// split into ranges of positions that are combined at the end, so that all workers share them (as in Flash-Decoding).
///
/// In batch-invariant attention both ways give the same bits: they add in the same order, in blocks and ranges that
/// begin at multiples of their lengths, so that for a query these are the same in every run; keys visible only to other
/// queries of its tile add exactly nothing. If the inner loops cannot add in this order, all runs are tiles.
public final class Attention implements Workers.Task {
    /// Positions of a range. Independent of the number of workers, so that results are too.
    private static final int RANGE = 512;
    /// Tokens of a run, such as a token and its drafts, up to which each is computed as a single token, with its bits.
    private static final int SHORT_RUN = 9;
    /// The same for tiles, whose partial results are larger.
    private static final int TILE_RANGE = 1024;
    /// The number of single tokens, or ranges of them, a worker from which on a chunk has all heads: contiguous rows
    /// are read faster from memory.
    private static final int SINGLES_A_WORKER = 4;
    /// The number of tiles from which on there are no ranges.
    private static final int MANY_TILES = 4;
    /// The number of partial values, a few µs of work, from which on the workers share their combination.
    private static final int SHARED_VALUES = 8192;

    private final Workers workers;
    private final boolean isBatchInvariant;
    private final Tiles inner;
    private final int panelCols;
    private final AttentionTile[] tiles;
    private final AttentionRow[] rows;
    private final ScoreRule rule;
    private final Scratch partials = new Scratch();
    private final Workers.Task combining = this::combine;
    private final Scratch[] totals;
    private int[] firstChunks = new int[2];
    private long[] partialsOf = new long[1];
    /// Ranges of each run, and how many of them are chunks of their own: all or none.
    private int[] rangesOf = new int[1];
    private int[] partsOf = new int[1];

    /// Key-value heads in a chunk of single tokens: all of them if there are many tokens.
    private int headsTogether;
    private Tensor out;
    private Tensor logSumExp;
    private Tensor q;
    private KeyValues[] keyValues;
    private Runs runs;
    private AttentionShape shape;

    /// @param inner the inner loops
    public Attention(Workers workers, Tiles inner, boolean isBatchInvariant) {
        this.workers = workers;
        this.isBatchInvariant = isBatchInvariant;
        totals = Scratch.each(workers.count());
        this.inner = inner;
        panelCols = inner.cols();
        tiles = new AttentionTile[workers.count()];
        rows = new AttentionRow[workers.count()];
        rule = new ScoreRule(inner);
        for (int i = 0; i < tiles.length; i++) {
            tiles[i] = new AttentionTile(inner, i);
            rows[i] = new AttentionRow(inner, i, isBatchInvariant);
        }
    }

    /// See `Kernels.attention`.
    public void run(Tensor out, Tensor logSumExp, Tensor q, KeyValues[] keyValues, Runs runs, AttentionShape shape,
            Tensor learned) {
        int heads = shape.numHeads();
        AttentionShape.check(out.dtype() == DType.F32 && out.rows() == q.rows()
                && out.cols() == heads * shape.valueSize(), out);
        AttentionShape.check(q.dtype() == DType.F32 && q.rows() == runs.numTokens()
                && q.cols() == heads * shape.keySize(), q);
        AttentionShape.check(logSumExp == null || logSumExp.dtype() == DType.F32 && logSumExp.rows() == q.rows()
                && logSumExp.cols() == heads, logSumExp);
        AttentionShape.check(learned.dtype() == DType.F32 && learned.size() == shape.numParameters(), learned);
        AttentionShape.check(keyValues.length >= runs.count(), runs);
        rule.begin(shape, learned);
        this.out = out;
        this.logSumExp = logSumExp;
        this.q = q;
        this.keyValues = keyValues;
        this.runs = runs;
        this.shape = shape;
        workers.run(this, plan());
        combine();
    }

    /// Numbers the chunks of all runs and reserves memory for partial results; returns the number of chunks.
    private int plan() {
        int count = runs.count();
        if (firstChunks.length <= count) {
            firstChunks = new int[2 * count];
            partialsOf = new long[2 * count];
            rangesOf = new int[2 * count];
            partsOf = new int[2 * count];
        }
        int singles = 0;
        for (int run = 0; run < count; run++) {
            AttentionShape.check(shape.reads(keyValues[run]), keyValues[run]);
            boolean hasManyTiles = isTiled(run) && numTiles(run) * shape.numKeyValueHeads() >= MANY_TILES;
            rangesOf[run] = hasManyTiles && !isBatchInvariant ? 1 : numRanges(run);
            partsOf[run] = hasManyTiles ? 1 : rangesOf[run];
            singles += isTiled(run) ? 0 : (runs.end(run) - runs.start(run)) * rangesOf[run];
        }
        headsTogether = singles >= SINGLES_A_WORKER * workers.count() ? shape.numKeyValueHeads() : 1;
        long partialBytes = 0;
        for (int run = 0; run < count; run++) {
            partialsOf[run] = partialBytes;
            int tokens = runs.end(run) - runs.start(run);
            int chunks = (isTiled(run) ? numTiles(run) : tokens) * partsOf[run];
            firstChunks[run + 1] = Math.addExact(firstChunks[run], chunks * shape.numKeyValueHeads() / together(run));
            if (partsOf[run] > 1) {
                partialBytes += (long) tokens * partsOf[run] * shape.numHeads() * partialBytes();
            }
        }
        long base = partials.reserve(partialBytes);
        for (int run = 0; run < count; run++) {
            partialsOf[run] += base;
        }
        return firstChunks[count];
    }

    /// Whether the query heads of a run that share their keys fill at least half of a tile's columns. The tokens of a
    /// short run count as single ones.
    private boolean isTiled(int run) {
        int tokens = runs.end(run) - runs.start(run);
        return (tokens <= SHORT_RUN ? 1 : tokens) * shape.groupSize() >= panelCols / 2
                || isBatchInvariant && !(inner.addsRowsInOrder() && AttentionRow.ordersLikeTiles(keyValues[run]));
    }

    private int together(int run) {
        return isTiled(run) ? 1 : headsTogether;
    }

    private int numTiles(int run) {
        return Math.ceilDiv((runs.end(run) - runs.start(run)) * shape.groupSize(), panelCols);
    }

    /// The number of ranges into which the positions visible to a run's tokens are split: for a tile, those visible to
    /// any of its tokens.
    private int numRanges(int run) {
        if (isTiled(run) || isBatchInvariant) {
            int highest = last(run, runs.position(run) + runs.end(run) - runs.start(run) - 1);
            return Math.max(1, Math.ceilDiv(highest + 1 - firstOfRanges(run), TILE_RANGE));
        }
        int seen = 1;
        for (int n = runs.start(run); n < runs.end(run); n++) {
            int position = runs.position(run) + n - runs.start(run);
            seen = Math.max(seen, last(run, position) + 1 - shape.span().first(position));
        }
        return Math.ceilDiv(seen, RANGE);
    }

    /// The first position of the first range of a run's tiles.
    private int firstOfRanges(int run) {
        int first = shape.span().first(runs.position(run));
        return isBatchInvariant ? first / TILE_RANGE * TILE_RANGE : first;
    }

    private int last(int run, int position) {
        return runs.last(run, shape.span(), position, keyValues[run].length());
    }

    private long partialBytes() {
        return PartialAttention.bytes(shape.valueSize());
    }

    @Override
    public void run(int chunk, int worker) {
        int run = runOf(chunk);
        int i = (chunk - firstChunks[run]) * together(run);
        int kvHead = i % shape.numKeyValueHeads();
        int part = i / shape.numKeyValueHeads();
        if (isTiled(run)) {
            tile(run, kvHead, part, worker);
        } else {
            expect(chunk + workers.count(), rows[worker]);
            row(run, kvHead, part, worker);
        }
    }

    private int runOf(int chunk) {
        int run = 0;
        int end = runs.count();
        while (run + 1 < end) {
            int middle = (run + end) / 2;
            if (firstChunks[middle] <= chunk) {
                run = middle;
            } else {
                end = middle;
            }
        }
        return run;
    }

    /// Sets what a worker will probably need next: the chunk as many chunks ahead as there are workers, which progress
    /// equally.
    private void expect(int chunk, AttentionRow row) {
        int run = runOf(chunk);
        if (chunk < firstChunks[runs.count()] && !isTiled(run)) {
            int i = (chunk - firstChunks[run]) * headsTogether;
            row.then(keyValues[run], i % shape.numKeyValueHeads(), first(run, i / shape.numKeyValueHeads()));
        }
    }

    private void tile(int run, int kvHead, int part, int worker) {
        int ranges = rangesOf[run];
        int tile = part / partsOf[run];
        if (partsOf[run] > 1) {
            range(run, kvHead, tile, part % ranges, worker);
            AttentionTile t = tiles[worker];
            for (int i = 0; i < t.count(); i++) {
                t.store(i, partial(run, token(tile, i), head(kvHead, tile, i), part % ranges, ranges));
            }
        } else if (ranges > 1) {
            severalRanges(run, kvHead, tile, worker);
        } else {
            range(run, kvHead, tile, 0, worker);
            AttentionTile t = tiles[worker];
            for (int i = 0; i < t.count(); i++) {
                int token = runs.start(run) + token(tile, i);
                int head = head(kvHead, tile, i);
                t.sums(i, 1 / t.denominator(i), result(token, head));
                note(token, head, t.largest(i), t.denominator(i));
            }
        }
    }

    /// Attends a tile of queries to one range after the other.
    private void severalRanges(int run, int kvHead, int tile, int worker) {
        AttentionTile t = tiles[worker];
        long total = totals[worker].reserve((panelCols + 1) * partialBytes());
        long part = total + panelCols * partialBytes();
        int lastQuery = Math.min(panelCols * (tile + 1), (runs.end(run) - runs.start(run)) * shape.groupSize()) - 1;
        int lowest = shape.span().first(runs.position(run) + panelCols * tile / shape.groupSize());
        int highest = last(run, runs.position(run) + lastQuery / shape.groupSize());
        int first = Math.max(0, lowest - firstOfRanges(run)) / TILE_RANGE;
        int last = Math.clamp((highest - firstOfRanges(run)) / TILE_RANGE, first, Math.max(first, rangesOf[run] - 1));
        for (int range = first; range <= last; range++) {
            range(run, kvHead, tile, range, worker);
            for (int i = 0; i < t.count(); i++) {
                if (range == first) {
                    t.store(i, total + i * partialBytes());
                } else {
                    t.store(i, part);
                    PartialAttention.add(total + i * partialBytes(), part, shape.valueSize());
                }
            }
        }
        for (int i = 0; i < t.count(); i++) {
            long at = total + i * partialBytes();
            write(runs.start(run) + token(tile, i), head(kvHead, tile, i), Memory.f32(at), Memory.f32(at + 4), at + 8);
        }
    }

    /// Attends a tile of queries to a range, or to all visible positions if there is only one range.
    private void range(int run, int kvHead, int tile, int range, int worker) {
        boolean isOnly = rangesOf[run] == 1;
        int first = isOnly ? 0 : firstOfRanges(run) + range * TILE_RANGE;
        int last = isOnly ? Integer.MAX_VALUE - 1 : first + TILE_RANGE - 1;
        AttentionTile t = tiles[worker];
        t.run(q, keyValues[run], runs, run, shape, rule, kvHead, tile, first, last);
        t.transposeSums();
    }

    /// The token of its run to which query i of a tile belongs.
    private int token(int tile, int i) {
        return (tile * panelCols + i) / shape.groupSize();
    }

    private int head(int kvHead, int tile, int i) {
        return kvHead * shape.groupSize() + (tile * panelCols + i) % shape.groupSize();
    }

    private void row(int run, int kvHead, int part, int worker) {
        int ranges = rangesOf[run];
        int n = part / ranges;
        int range = part % ranges;
        int token = runs.start(run) + n;
        int position = runs.position(run) + n;
        int first = first(run, part);
        int end = isBatchInvariant ? firstOfRanges(run) + (range + 1) * TILE_RANGE : first + RANGE;
        int last = Math.min(last(run, position), end - 1);
        boolean sinks = isBatchInvariant && rule.hasSinks()
                && shape.span().first(position) >= end - TILE_RANGE && shape.span().first(position) < end;
        int heads = headsTogether * shape.groupSize();
        int head = kvHead * shape.groupSize();
        long query = q.address() + 4L * ((long) token * q.cols() + head * shape.keySize());
        AttentionRow row = rows[worker];
        row.run(query, keyValues[run], kvHead, headsTogether, shape, rule, position, first, last, sinks);
        if (range == 0 && !isBatchInvariant) {
            row.addSinks(rule, head);
        }
        for (int g = 0; g < heads; g++) {
            if (ranges == 1) {
                write(token, head + g, row.largest(g), row.denominator(g), row.sums(g));
            } else {
                long to = partial(run, n, head + g, range, ranges);
                Memory.f32(to, row.largest(g));
                Memory.f32(to + 4, row.denominator(g));
                inner.scale(to + 8, row.sums(g), shape.valueSize(), 1);
            }
        }
    }

    /// The first position of a part, a range of a token.
    private int first(int run, int part) {
        int ranges = rangesOf[run];
        int first = shape.span().first(runs.position(run) + part / ranges);
        return isBatchInvariant ? Math.max(first, firstOfRanges(run) + part % ranges * TILE_RANGE)
                : first + part % ranges * RANGE;
    }

    private long partial(int run, int n, int head, int range, int ranges) {
        return partialsOf[run] + (((long) n * shape.numHeads() + head) * ranges + range) * partialBytes();
    }

    private void write(int token, int head, float largest, float denominator, long sums) {
        inner.scale(result(token, head), sums, shape.valueSize(), 1 / denominator);
        note(token, head, largest, denominator);
    }

    private long result(int token, int head) {
        return out.address() + 4L * ((long) token * out.cols() + head * shape.valueSize());
    }

    private void note(int token, int head, float largest, float denominator) {
        if (logSumExp != null) {
            Memory.f32(logSumExp.address() + 4L * ((long) token * shape.numHeads() + head),
                    largest + (float) Math.log(denominator));
        }
    }

    /// Combines the ranges of each token and head, which the workers share unless there is little to do.
    private void combine() {
        long values = 0;
        int results = 0;
        for (int run = 0; run < runs.count(); run++) {
            if (partsOf[run] > 1) {
                int ofRun = (runs.end(run) - runs.start(run)) * shape.numHeads();
                results += ofRun;
                values += (long) ofRun * partsOf[run] * shape.valueSize();
            }
        }
        if (values >= SHARED_VALUES) {
            workers.run(combining, results);
        } else {
            for (int i = 0; i < results; i++) {
                combine(i, 0);
            }
        }
    }

    /// Combines the ranges of one token and head, in the first one's place.
    private void combine(int result, int worker) {
        int i = result;
        int run = 0;
        for (int ofRun; ; run++, i -= ofRun) {
            ofRun = partsOf[run] > 1 ? (runs.end(run) - runs.start(run)) * shape.numHeads() : 0;
            if (i < ofRun) {
                break;
            }
        }
        int n = i / shape.numHeads();
        int head = i % shape.numHeads();
        long all = partial(run, n, head, 0, rangesOf[run]);
        for (int range = 1; range < rangesOf[run]; range++) {
            PartialAttention.add(all, all + range * partialBytes(), shape.valueSize());
        }
        write(runs.start(run) + n, head, Memory.f32(all), Memory.f32(all + 4), all + 8);
    }
}
