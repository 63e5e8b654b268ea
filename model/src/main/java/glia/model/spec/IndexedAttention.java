package glia.model.spec;

import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;

/// Attention to whole blocks of positions that an indexer chooses for all heads. The indexer has small query heads; a
/// block of `blockSize` positions has one key, the mean of theirs, normalized, with RoPE at the block's first position.
/// A token attends to the `count / blockSize` blocks with the largest scores `Σ_h relu(q_h · k)` that end at or before
/// it, and to all later positions, which make no whole block yet.
///
/// @param attention the attention over all positions, which short sequences have; the indexer has its RoPE
/// @param norm of index queries and keys
public record IndexedAttention(Attention attention, int numIndexHeads, int indexSize, Norm.Rms norm, int blockSize,
        int count) implements Mixer {
    public IndexedAttention {
        NumberRange.SIZE.require("number of index heads", numIndexHeads);
        NumberRange.SIZE.require("size of index heads", indexSize);
        NumberRange.SIZE.require("size of key blocks", blockSize);
        NumberRange.SIZE.require("number of chosen keys", count);
        Heads.check(attention.rope(), indexSize);
        if (count % blockSize != 0) {
            throw new IllegalArgumentException(count + " keys are no whole number of blocks of " + blockSize);
        }
        if (!(attention.span() instanceof Span.Causal)) {
            throw new IllegalArgumentException("an indexer needs causal attention");
        }
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        attention.parameters(shapes, hidden);
        shapes.add(Role.INDEX_QUERY, (long) numIndexHeads * indexSize, hidden);
        shapes.add(Role.INDEX_KEY, indexSize, hidden);
        shapes.add(Role.INDEX_QUERY_NORM, indexSize);
        shapes.add(Role.INDEX_KEY_NORM_WEIGHT, indexSize);
    }

    /// Keys and values, the keys of blocks, and what they are means of.
    @Override
    public List<CacheKind> caches() {
        List<CacheKind> all = new ArrayList<>(attention.caches());
        all.add(new CacheKind.Rows(indexSize, attention.span()));
        all.add(new CacheKind.Rows(indexSize, new Span.Sliding(blockSize)));
        return all;
    }

    @Override
    public String describe() {
        return attention.describe() + ", sparse, the " + count + " best keys in blocks of " + blockSize
                + " of an indexer with " + numIndexHeads + " heads of " + indexSize;
    }
}
