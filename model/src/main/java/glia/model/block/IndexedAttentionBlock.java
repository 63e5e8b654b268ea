package glia.model.block;

import glia.model.spec.IndexedAttention;
import glia.model.spec.Norm;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.Positions;
import glia.tensor.kernel.RopeTable;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.BlockPool.BlockEnds;
import glia.tensor.ops.attention.BlockPool;
import glia.tensor.ops.attention.EntryIndexer;
import glia.tensor.ops.attention.SparseAttention;
import glia.tensor.ops.row.Gathers.CacheAppend;
import glia.tensor.ops.row.Gathers.SpreadRows;
import java.util.Optional;

/// Attention to blocks of positions (see `IndexedAttention`).
final class IndexedAttentionBlock {
    private final IndexedAttention spec;
    private final Place place;
    private final Weight query;
    private final Weight key;
    private final Weight queryNorm;
    private final Weight keyNorm;
    private final Optional<RopeTable> rope;
    private final AttentionShape shape;

    private IndexedAttentionBlock(IndexedAttention spec, Weights weights, Place place, RopeTables ropes) {
        this.spec = spec;
        this.place = place;
        query = weights.get(place, Role.INDEX_QUERY);
        key = weights.get(place, Role.INDEX_KEY);
        queryNorm = weights.get(place, Role.INDEX_QUERY_NORM);
        keyNorm = weights.get(place, Role.INDEX_KEY_NORM_WEIGHT);
        rope = ropes.of(spec.attention().rope());
        shape = AttentionBlock.shape(spec.attention());
    }

    static Block of(IndexedAttention spec, Weights weights, Place place, RopeTables ropes) {
        IndexedAttentionBlock own = new IndexedAttentionBlock(spec, weights, place, ropes);
        return new AttentionBlock(spec.attention(), weights, place, ropes, own::attend);
    }

    private Tensor attend(Ops ops, Tensor x, Tensor q, Tensor k, Tensor v, Pass pass, States states) {
        KeyValueState state = states.keyValues(place, 0);
        BlockEnds ends = new BlockEnds(pass.runs(), spec.blockSize());
        Tensor pooled = ops.apply(new BlockPool(ops.linear(x, key), states.keyValues(place, 2), pass.runs(), ends));
        if (ends.count() > 0) {
            pooled = rotated(ops, pooled, keyNorm, ends.starts().positions());
        }
        Tensor keys = ops.apply(new SpreadRows(pooled, ends.rows(), x.rows()));
        KeyValueState blocks = states.keyValues(place, 1);
        if (Indexer.length(pass.runs()) < spec.count() + spec.blockSize()) {
            ops.apply(new CacheAppend(keys, blocks, pass.runs()));
            return ops.attention(q, k, v, state, pass.runs(), shape);
        }
        int[][] chosen = new int[x.rows()][];
        ops.apply(new EntryIndexer(rotated(ops, ops.linear(x, query), queryNorm, pass.runs().positions()), keys,
                Optional.empty(), blocks, pass.runs(), spec.blockSize(), spec.count() / spec.blockSize(), chosen));
        return ops.apply(new SparseAttention(q, k, v, state, pass.runs(), EntryIndexer.positions(pass.runs(),
                spec.blockSize(), chosen, pass.newLists(states)), shape));
    }

    private Tensor rotated(Ops ops, Tensor x, Weight weight, Positions positions) {
        Norm.Rms norm = spec.norm();
        Tensor normed = ops.rmsNorm(x, weight, norm.eps(), norm.offset());
        return rope.isEmpty() ? normed : ops.rotate(normed, spec.indexSize(), rope.get(), positions);
    }
}
