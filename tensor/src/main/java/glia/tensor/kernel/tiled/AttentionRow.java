package glia.tensor.kernel.tiled;

import glia.tensor.Memory;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValues;

/// Attention of one token's query heads that share their keys, over a range of positions. Blocks of keys and values are
/// read from memory for the first head and from the cache for the others. Scores are turned into weights as soon as a
/// block is done; when it brings a new largest score, what was summed before is scaled down
/// (https://arxiv.org/abs/1805.02867).
final class AttentionRow {
    private static final int BLOCK = 64;

    private final Scratch scratch = new Scratch();
    private final Tiles tiles;
    private int heads;
    private int valueSize;
    private long sums;
    private long largests;
    private long denominators;

    AttentionRow(Tiles tiles) {
        this.tiles = tiles;
    }

    /// @param query the first head's query
    /// @param position the token's
    /// @param last the last position, inclusive; below `first` where the range is empty
    /// @param fetches whether the keys and values of the next head are needed next
    void run(long query, KeyValues kv, int kvHead, AttentionShape shape, ScoreRule rule, int position, int first,
            int last, boolean fetches) {
        heads = shape.groupSize();
        valueSize = shape.valueSize();
        long partialBytes = BLOCK * tiles.panelBytes();
        long scores = scratch.reserve(4L * (BLOCK + heads * (valueSize + 2L)) + partialBytes);
        long partial = scores + 4 * BLOCK;
        sums = partial + partialBytes;
        largests = sums + 4L * heads * valueSize;
        denominators = largests + 4L * heads;
        for (int g = 0; g < heads; g++) {
            Memory.f32(largests + 4L * g, -Float.MAX_VALUE);
            Memory.f32(denominators + 4L * g, 0);
        }
        tiles.clear(sums, heads * valueSize);
        long keyStep = 4L * kv.keyCols();
        long valueStep = 4L * kv.valueCols();
        for (int p = first, end; p <= last; p = end) {
            end = Math.min(last + 1, Math.min(p + BLOCK, (p / kv.pageTokens() + 1) * kv.pageTokens()));
            long keys = kv.keyAddress(p) + 4L * kvHead * shape.keySize();
            long values = kv.valueAddress(p) + 4L * kvHead * valueSize;
            for (int g = 0; g < heads; g++) {
                if (fetches) {
                    // A part with each of the query heads, so that reading and computing go side by side.
                    int from = (end - p) * g / heads;
                    int rows = (end - p) * (g + 1) / heads - from;
                    tiles.fetch(keys + from * keyStep + 4L * shape.keySize(), keyStep, rows, 4L * shape.keySize());
                    tiles.fetch(values + from * valueStep + 4L * valueSize, valueStep, rows, 4L * valueSize);
                }
                long head = query + 4L * g * shape.keySize();
                tiles.scores(head, shape.keySize(), keys, keyStep, end - p, shape.scale(), scores, partial);
                rule.applyToRow(scores, end - p, kvHead * heads + g, p - position);
                float decay = tiles.weights(scores, end - p, largests + 4L * g, denominators + 4L * g, partial);
                tiles.accumulate(sums(g), valueSize, decay, scores, values, valueStep, end - p, partial);
            }
        }
    }

    /// Adds the sinks to the denominators, where there are such.
    ///
    /// @param firstHead the first of the query heads
    void addSinks(ScoreRule rule, int firstHead) {
        if (!rule.hasSinks()) {
            return;
        }
        for (int g = 0; g < heads; g++) {
            float sink = rule.sink(firstHead + g);
            float largest = Math.max(largest(g), sink);
            float decay = (float) Math.exp(largest(g) - largest);
            tiles.scale(sums(g), sums(g), valueSize, decay);
            Memory.f32(denominators + 4L * g, decay * denominator(g) + (float) Math.exp(sink - largest));
            Memory.f32(largests + 4L * g, largest);
        }
    }

    float largest(int g) {
        return Memory.f32(largests + 4L * g);
    }

    float denominator(int g) {
        return Memory.f32(denominators + 4L * g);
    }

    /// The address of head g's weighted sum of values.
    long sums(int g) {
        return sums + 4L * g * valueSize;
    }
}
