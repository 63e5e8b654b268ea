package glia.model.spec;

import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;

/// Block-sparse attention: small index heads choose for each group of key-value heads the blocks of `blockSize`
/// positions that a token attends to. A block's score is the largest score `q · k` of its visible positions; the last
/// `numLocal` blocks are always among the `count` best. https://arxiv.org/abs/2502.11089 has the idea.
///
/// @param attention the attention over all positions, which short sequences have
/// @param numIndexHeads G, the number of groups
/// @param indexSize size of an index head
/// @param norm of index queries and keys
/// @param indexRope RoPE of index queries and keys
public record BlockSparseAttention(Attention attention, int numIndexHeads, int indexSize, Norm.Rms norm,
        Rope indexRope, int blockSize, int count, int numLocal) implements Mixer {
    public BlockSparseAttention {
        NumberRange.SIZE.require("number of index heads", numIndexHeads);
        NumberRange.SIZE.require("size of index heads", indexSize);
        NumberRange.SIZE.require("size of key blocks", blockSize);
        NumberRange.SIZE.require("number of chosen key blocks", count);
        NumberRange.COUNT.require("number of local key blocks", numLocal);
        Heads.check(indexRope, indexSize);
        if (attention.numKeyValueHeads() % numIndexHeads != 0
                && (numIndexHeads % attention.numKeyValueHeads() != 0 || attention.numHeads() % numIndexHeads != 0)) {
            throw new IllegalArgumentException(numIndexHeads + " index heads for " + attention.numHeads()
                    + " heads and " + attention.numKeyValueHeads() + " key-value heads: groups of equal size do not "
                    + "share key-value heads");
        }
        if (numLocal > count) {
            throw new IllegalArgumentException(numLocal + " local blocks are more than the " + count + " chosen ones");
        }
        if (!(attention.span() instanceof Span.Causal) || attention.gating() != Attention.Gating.NONE) {
            throw new IllegalArgumentException("block-sparse attention needs causal attention without a gate");
        }
    }

    /// The key-value heads of a group; several groups may share one.
    public int groupKeyValueHeads() {
        return Math.max(1, attention.numKeyValueHeads() / numIndexHeads);
    }

    /// The first key-value head of a group.
    public int firstKeyValueHead(int group) {
        return group * attention.numKeyValueHeads() / numIndexHeads;
    }

    /// The longest sequence whose tokens attend to all positions.
    public long fullLength() {
        return (long) count * blockSize;
    }

    @Override
    public void parameters(Shapes shapes, int hidden) {
        attention.parameters(shapes, hidden);
        shapes.add(Role.INDEX_QUERY, (long) numIndexHeads * indexSize, hidden);
        shapes.add(Role.INDEX_KEY, indexSize, hidden);
        shapes.add(Role.INDEX_QUERY_NORM, indexSize);
        shapes.add(Role.INDEX_KEY_NORM_WEIGHT, indexSize);
    }

    /// A copy with other attention and another norm of index queries and keys.
    public BlockSparseAttention with(Attention other, Norm.Rms indexNorm) {
        return new BlockSparseAttention(other, numIndexHeads, indexSize, indexNorm, indexRope, blockSize, count,
                numLocal);
    }

    /// The keys and values of each group, then the index keys.
    @Override
    public List<CacheKind> caches() {
        List<CacheKind> all = new ArrayList<>();
        int size = groupKeyValueHeads() * attention.headSize();
        for (int group = 0; group < numIndexHeads; group++) {
            all.add(new CacheKind.KeyValues(size, size, attention.span()));
        }
        all.add(new CacheKind.Rows(indexSize, attention.span()));
        return all;
    }

    @Override
    public String describe() {
        return attention.describe() + ", sparse, the " + count + " best blocks of " + blockSize + " positions for "
                + numIndexHeads + " index heads of " + indexSize;
    }
}
