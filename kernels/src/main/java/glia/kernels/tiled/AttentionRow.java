package glia.kernels.tiled;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueType;
import glia.tensor.kernel.KeyValues;

/// Attention of one token's query heads over a range of positions, for one or several key-value heads. Blocks of keys
/// and values are read from memory for the first query head and from the cache for the others that share them. Scores
/// become weights as soon as a block is done; if it has a new largest score, the sums so far are scaled down (online
/// softmax, https://arxiv.org/abs/1805.02867).
///
/// Values are prefetched while keys are multiplied, and the next keys while values are summed.
///
/// *In order* it gives the bits of `AttentionTile`: blocks begin at multiples of their length; products of queries and
/// keys are added one by one, with the keys transposed, and so are weights.
final class AttentionRow {
    /// Positions of a block.
    private static final int BLOCK = 64;
    private static final int STEP = 16;
    private static final long SCORES_BYTES = 4L * BLOCK;

    private final Scratch scratch = new Scratch();
    private final Prefetch ahead = new Prefetch();
    private final Tiles tiles;
    private final HeadRows rows;
    private final int worker;
    private final boolean inOrder;
    private AttentionShape shape;
    private KeyValues kv;
    private int kvHead;
    private int kvHeads;
    private long query;
    private long scaled;
    private long partial;
    private long scores;
    private long sums;
    private long state;
    private KeyValues kvThen;
    private int kvHeadThen;
    private int firstThen;

    /// @param worker the thread
    AttentionRow(Tiles tiles, int worker, boolean inOrder) {
        this.tiles = tiles;
        this.worker = worker;
        this.inOrder = inOrder;
        rows = new HeadRows(tiles, worker);
    }

    /// Sets what will probably run next: its keys, first head and first position.
    void then(KeyValues kv, int kvHead, int first) {
        kvThen = kv;
        kvHeadThen = kvHead;
        firstThen = first;
    }

    /// @param query the first head's query
    /// @param kvHead the first key-value head
    /// @param kvHeads number of key-value heads
    /// @param position the token's
    /// @param last the last position, inclusive; below `first` if the range is empty
    /// @param sinks whether to start with the attention sinks in the denominators
    void run(long query, KeyValues kv, int kvHead, int kvHeads, AttentionShape shape, ScoreRule rule, int position,
            int first, int last, boolean sinks) {
        this.query = query;
        this.kv = kv;
        this.kvHead = kvHead;
        this.kvHeads = kvHeads;
        this.shape = shape;
        int heads = begin();
        for (int h = 0; h < heads && sinks; h++) {
            state(h, rule.sink(kvHead * shape.groupSize() + h), 1);
        }
        for (int p = first, end; p <= last; p = end) {
            end = end(kv, p, last);
            if (inOrder) {
                scoreInOrder(p, end);
            } else {
                score(p, end);
            }
            for (int h = 0; h < heads; h++) {
                rule.applyToRow(scores + h * SCORES_BYTES, end - p, kvHead * shape.groupSize() + h, p - position);
            }
            if (inOrder) {
                tiles.weightsInOrder(scores, SCORES_BYTES, heads, end - p, state);
            } else {
                tiles.weights(scores, SCORES_BYTES, heads, end - p, state, partial);
            }
            if (end <= last) {
                keysAhead(kv, kvHead, end, end(kv, end, last));
            } else if (kvThen != null) {
                keysAhead(kvThen, kvHeadThen, firstThen, end(kvThen, firstThen, kvThen.length() - 1));
            }
            accumulate(p, end);
        }
        kvThen = null;
    }

    /// Reserves memory and returns the number of query heads.
    private int begin() {
        int heads = kvHeads * shape.groupSize();
        long sumsBytes = 4L * shape.valueSize();
        long scaledBytes = inOrder ? 4L * heads * shape.keySize() : 0;
        long partialBytes = Math.max(BLOCK, inOrder ? shape.keySize() + STEP : 0) * tiles.panelBytes();
        partial = scratch.reserve(
                partialBytes + heads * (SCORES_BYTES + sumsBytes + Tiles.STATE_BYTES) + scaledBytes);
        scores = partial + partialBytes;
        sums = scores + heads * SCORES_BYTES;
        state = sums + heads * sumsBytes;
        scaled = state + (long) heads * Tiles.STATE_BYTES;
        if (inOrder) {
            tiles.scale(scaled, query, heads * shape.keySize(), shape.scale());
        }
        tiles.clear(sums, heads * shape.valueSize());
        for (int h = 0; h < heads; h++) {
            state(h, -Float.MAX_VALUE, 0);
        }
        return heads;
    }

    /// The end of the block that begins at a position: pages are blocks of their own.
    private int end(KeyValues kv, int p, int last) {
        int most = inOrder ? (p / BLOCK + 1) * BLOCK : p + BLOCK;
        return Math.min(last + 1, Math.min(most, (p / kv.pageTokens() + 1) * kv.pageTokens()));
    }

    /// Whether pages divide positions like the blocks of tiles, so that results in order have the same bits.
    static boolean ordersLikeTiles(KeyValues kv) {
        return kv.pageTokens() % BLOCK == 0 || kv.pageTokens() >= kv.length();
    }

    private void score(int from, int to) {
        int group = shape.groupSize();
        long headBytes = 4L * shape.keySize();
        int together = together();
        HeadRows.prefetchValues(ahead, kv, from, to - from, kvHead, kvHeads, shape.valueSize());
        for (int p = from; p < to; p += STEP) {
            int count = Math.min(STEP, to - p);
            for (int h = 0; h < kvHeads; h += together) {
                rows.keys(kv, p, count, kvHead + h, shape.keySize());
                tiles.scores(together, query + h * group * headBytes, group, shape.keySize(), rows.address(),
                        rows.step(), count, shape.scale(), scores + h * group * SCORES_BYTES + 4L * (p - from),
                        SCORES_BYTES, ahead, partial);
            }
        }
    }

    /// As `score`, but for each panel of positions `scores[h] = (scale · q[h]) · Kᵀ`.
    private void scoreInOrder(int from, int to) {
        int group = shape.groupSize();
        int size = shape.keySize();
        HeadRows.prefetchValues(ahead, kv, from, to - from, kvHead, kvHeads, shape.valueSize());
        for (int p = from; p < to; p += tiles.cols()) {
            int count = Math.min(tiles.cols(), to - p);
            for (int h = 0; h < kvHeads; h++) {
                rows.keys(kv, p, count, kvHead + h, size);
                for (int k = 0; k < size; k += TiledProduct.DEPTH) {
                    tiles.transpose(DType.F32, rows.address() + 4L * k, rows.step(), count,
                            Math.min(TiledProduct.DEPTH, size - k), partial + k * tiles.panelBytes(), worker);
                }
                for (int g = 0; g < group; g += tiles.rows()) {
                    int head = h * group + g;
                    tiles.set(Math.min(tiles.rows(), group - g), count,
                            scores + head * SCORES_BYTES + 4L * (p - from), SCORES_BYTES, scaled + 4L * head * size,
                            4L * size, 4, partial, size);
                }
            }
        }
    }

    private void accumulate(int from, int to) {
        int group = shape.groupSize();
        int together = together();
        for (int h = 0; h < kvHeads; h += together) {
            rows.values(kv, from, to - from, kvHead + h, shape.valueSize());
            tiles.accumulate(together, sums(h * group), group, shape.valueSize(),
                    state + h * group * Tiles.STATE_BYTES, scores + h * group * SCORES_BYTES, SCORES_BYTES,
                    rows.address(), rows.step(), to - from, ahead, partial);
        }
    }

    /// The number of key-value heads that are processed together: all if a row is read in place.
    private int together() {
        return kv.type() == KeyValueType.F32 ? kvHeads : 1;
    }

    /// Sets keys to be prefetched while values are summed.
    private void keysAhead(KeyValues kv, int kvHead, int from, int to) {
        HeadRows.prefetchKeys(ahead, kv, from, to - from, kvHead, kvHeads, shape.keySize());
    }

    /// Adds the attention sinks, if there are any, to the denominators.
    ///
    /// @param firstHead the first of the query heads
    void addSinks(ScoreRule rule, int firstHead) {
        if (!rule.hasSinks()) {
            return;
        }
        for (int h = 0; h < kvHeads * shape.groupSize(); h++) {
            float sink = rule.sink(firstHead + h);
            float largest = Math.max(largest(h), sink);
            float decay = (float) Math.exp(largest(h) - largest);
            tiles.scale(sums(h), sums(h), shape.valueSize(), decay);
            state(h, largest, decay * denominator(h) + (float) Math.exp(sink - largest));
        }
    }

    private void state(int h, float largest, float denominator) {
        Memory.f32(state + h * Tiles.STATE_BYTES, largest);
        Memory.f32(state + h * Tiles.STATE_BYTES + Tiles.DENOMINATOR, denominator);
    }

    float largest(int h) {
        return Memory.f32(state + h * Tiles.STATE_BYTES);
    }

    float denominator(int h) {
        return Memory.f32(state + h * Tiles.STATE_BYTES + Tiles.DENOMINATOR);
    }

    /// The address of head h's weighted sum of values.
    long sums(int h) {
        return sums + 4L * h * shape.valueSize();
    }

    /// The keys or the values of a head at consecutive positions of one page, as F32 rows: in place, or decoded to the
    /// thread's own memory if the KV cache has a smaller type. A few dozen rows at a time stay in the L1 cache, so that
    /// main memory is read in the smaller type only.
    static final class HeadRows {
        private final Tiles tiles;
        private final int worker;
        private final Scratch scratch = new Scratch();
        private long address;
        private long step;
        private int readable;
        /// The address of the first row in the page.
        private long row;

        /// @param worker the thread
        HeadRows(Tiles tiles, int worker) {
            this.tiles = tiles;
            this.worker = worker;
        }

        /// Sets the keys of `count` positions from `position` on.
        void keys(KeyValues kv, int position, int count, int head, int size) {
            set(kv, kv.type().ofKeys(), kv.keyAddress(position), kv.keyRowBytes(), position, count, head * size, size);
        }

        /// Sets the values of `count` positions from `position` on.
        void values(KeyValues kv, int position, int count, int head, int size) {
            set(kv, kv.type().ofValues(), kv.valueAddress(position), kv.valueRowBytes(), position, count, head * size,
                    size);
        }

        private void set(KeyValues kv, KeyValueType type, long row, long rowBytes, int position, int count, int first,
                int size) {
            this.row = row;
            if (type == KeyValueType.F32) {
                address = row + 4L * first;
                step = rowBytes;
                readable = kv.pageTokens() - position % kv.pageTokens();
                return;
            }
            DType dtype = type.dtype();
            int start = type.blockStart(first);
            int cols = type.wholeBlocks(first + size) - start;
            readable = count + tiles.rows();
            long decoded = scratch.reserve(4L * readable * cols);
            tiles.decode(dtype, row + dtype.bytes(start), rowBytes, count, cols, decoded, worker);
            address = decoded + 4L * (first - start);
            step = 4L * cols;
        }

        /// Whether these keys of the first head are also its values from `position` on, as in latent attention.
        boolean areValues(KeyValues kv, int position, AttentionShape shape) {
            return row == kv.valueAddress(position) && shape.numKeyValueHeads() == 1
                    && shape.valueSize() <= shape.keySize();
        }

        /// The address of the first row, valid until rows are set again.
        long address() {
            return address;
        }

        /// Bytes from row to row.
        long step() {
            return step;
        }

        /// The number of rows that may be read, including undefined ones.
        int readable() {
            return readable;
        }

        /// Sets keys of some heads to be prefetched.
        static void prefetchKeys(Prefetch ahead, KeyValues kv, int position, int count, int firstHead, int numHeads,
                int size) {
            prefetch(ahead, kv.type(), kv.keyAddress(position), kv.keyRowBytes(), count, firstHead * size,
                    numHeads * size);
        }

        /// Sets values of some heads to be prefetched.
        static void prefetchValues(Prefetch ahead, KeyValues kv, int position, int count, int firstHead, int numHeads,
                int size) {
            prefetch(ahead, kv.type().ofValues(), kv.valueAddress(position), kv.valueRowBytes(), count,
                    firstHead * size, numHeads * size);
        }

        private static void prefetch(Prefetch ahead, KeyValueType type, long row, long rowBytes, int count, int first,
                int size) {
            int start = type.blockStart(first);
            ahead.set(row + type.dtype().bytes(start), rowBytes, count, type.rowBytes(first + size - start));
        }
    }
}
