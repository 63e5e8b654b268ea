package glia.kernels.tiled;

import glia.tensor.Memory;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValues;

/// Attention of one token's query heads over a range of positions, for one head of keys and values or several. Blocks
/// of keys and values are read from memory for the first query head and from the cache for the others that share them.
/// Scores are turned into weights as soon as a block is done; when it brings a new largest score, what was summed
/// before is scaled down (https://arxiv.org/abs/1805.02867).
///
/// Values are asked for while keys are multiplied, and the next keys while values are added up.
final class AttentionRow {
    /// Positions of a block.
    private static final int BLOCK = 64;
    private static final int STEP = 16;
    private static final long SCORES_BYTES = 4L * BLOCK;

    private final Scratch scratch = new Scratch();
    private final Prefetch ahead = new Prefetch();
    private final Tiles tiles;
    private final HeadRows rows;
    private AttentionShape shape;
    private KeyValues kv;
    private int kvHead;
    private int kvHeads;
    private long query;
    private long partial;
    private long scores;
    private long sums;
    private long state;
    private KeyValues kvThen;
    private int kvHeadThen;
    private int firstThen;

    /// @param worker the thread
    AttentionRow(Tiles tiles, int worker) {
        this.tiles = tiles;
        rows = new HeadRows(tiles, worker);
    }

    /// Says what will probably be run after the next run: with which keys, from which head and position on.
    void then(KeyValues kv, int kvHead, int first) {
        kvThen = kv;
        kvHeadThen = kvHead;
        firstThen = first;
    }

    /// @param query the first head's query
    /// @param kvHead the first of the heads of keys and values
    /// @param kvHeads how many of them
    /// @param position the token's
    /// @param last the last position, inclusive; below `first` where the range is empty
    void run(long query, KeyValues kv, int kvHead, int kvHeads, AttentionShape shape, ScoreRule rule, int position,
            int first, int last) {
        this.query = query;
        this.kv = kv;
        this.kvHead = kvHead;
        this.kvHeads = kvHeads;
        this.shape = shape;
        int heads = begin();
        for (int p = first, end; p <= last; p = end) {
            end = end(kv, p, last);
            score(p, end);
            for (int h = 0; h < heads; h++) {
                rule.applyToRow(scores + h * SCORES_BYTES, end - p, kvHead * shape.groupSize() + h, p - position);
            }
            tiles.weights(scores, SCORES_BYTES, heads, end - p, state, partial);
            if (end <= last) {
                keysAhead(kv, kvHead, end, end(kv, end, last));
            } else if (kvThen != null) {
                keysAhead(kvThen, kvHeadThen, firstThen, end(kvThen, firstThen, kvThen.length() - 1));
            }
            accumulate(p, end);
        }
        kvThen = null;
    }

    /// Reserves memory and answers how many query heads there are.
    private int begin() {
        int heads = kvHeads * shape.groupSize();
        long sumsBytes = 4L * shape.valueSize();
        long partialBytes = BLOCK * tiles.panelBytes();
        partial = scratch.reserve(partialBytes + heads * (SCORES_BYTES + sumsBytes + Tiles.STATE_BYTES));
        scores = partial + partialBytes;
        sums = scores + heads * SCORES_BYTES;
        state = sums + heads * sumsBytes;
        tiles.clear(sums, heads * shape.valueSize());
        for (int h = 0; h < heads; h++) {
            state(h, -Float.MAX_VALUE, 0);
        }
        return heads;
    }

    /// Where the block ends that begins at a position: pages are blocks of their own.
    private static int end(KeyValues kv, int p, int last) {
        return Math.min(last + 1, Math.min(p + BLOCK, (p / kv.pageTokens() + 1) * kv.pageTokens()));
    }

    private void score(int from, int to) {
        int group = shape.groupSize();
        long headBytes = 4L * shape.keySize();
        HeadRows.prefetchValues(ahead, kv, from, to - from, kvHead, kvHeads, shape.valueSize());
        for (int p = from; p < to; p += STEP) {
            int count = Math.min(STEP, to - p);
            for (int h = 0; h < kvHeads; h++) {
                rows.keys(kv, p, count, kvHead + h, shape.keySize());
                tiles.scores(query + h * group * headBytes, group, shape.keySize(), rows.address(), rows.step(), count,
                        shape.scale(), scores + h * group * SCORES_BYTES + 4L * (p - from), SCORES_BYTES, ahead,
                        partial);
            }
        }
    }

    private void accumulate(int from, int to) {
        int group = shape.groupSize();
        for (int h = 0; h < kvHeads; h++) {
            rows.values(kv, from, to - from, kvHead + h, shape.valueSize());
            tiles.accumulate(sums(h * group), group, shape.valueSize(), state + h * group * Tiles.STATE_BYTES,
                    scores + h * group * SCORES_BYTES, SCORES_BYTES, rows.address(), rows.step(), to - from, ahead,
                    partial);
        }
    }

    /// While values are added up, keys are asked for.
    private void keysAhead(KeyValues kv, int kvHead, int from, int to) {
        HeadRows.prefetchKeys(ahead, kv, from, to - from, kvHead, kvHeads, shape.keySize());
    }

    /// Adds the sinks to the denominators, where there are such.
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
}
