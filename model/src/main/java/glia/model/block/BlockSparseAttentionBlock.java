package glia.model.block;

import glia.model.spec.BlockSparseAttention;
import glia.model.spec.Norm;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.BlockIndexer;
import glia.tensor.ops.attention.SparseAttention;
import glia.tensor.ops.row.Gathers.CacheAppend;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Block-sparse attention (see `BlockSparseAttention`). Each group of key-value heads has its own KV cache and attends
/// to its own list of positions.
final class BlockSparseAttentionBlock {
    private final BlockSparseAttention spec;
    private final Place place;
    private final Weight indexQuery;
    private final Weight indexKey;
    private final Weight queryNorm;
    private final Weight keyNorm;
    private final Optional<RopeTable> rope;
    private final AttentionShape shape;

    private BlockSparseAttentionBlock(BlockSparseAttention spec, Weights weights, Place place, RopeTables ropes) {
        this.spec = spec;
        this.place = place;
        indexQuery = weights.get(place, Role.INDEX_QUERY);
        indexKey = weights.get(place, Role.INDEX_KEY);
        queryNorm = weights.get(place, Role.INDEX_QUERY_NORM);
        keyNorm = weights.get(place, Role.INDEX_KEY_NORM_WEIGHT);
        rope = ropes.of(spec.indexRope());
        int groups = spec.numIndexHeads();
        shape = new AttentionShape(spec.attention().numHeads() / groups, spec.groupKeyValueHeads(),
                spec.attention().headSize(), spec.attention().headSize(), spec.attention().scale(),
                spec.attention().span());
    }

    static Block of(BlockSparseAttention spec, Weights weights, Place place, RopeTables ropes) {
        BlockSparseAttentionBlock own = new BlockSparseAttentionBlock(spec, weights, place, ropes);
        return new AttentionBlock(spec.attention(), weights, place, ropes, own::attend);
    }

    /// The attention of all groups, side by side.
    private Tensor attend(Ops ops, Tensor x, Tensor queries, Tensor keys, Tensor values, Pass pass, States states) {
        int groups = spec.numIndexHeads();
        Optional<List<AttendedPositions>> lists = choose(ops, x, pass, states);
        Tensor all = queries;
        for (int group = 0; group < groups; group++) {
            Tensor q = heads(ops, queries, group * shape.numHeads(), shape.numHeads());
            Tensor k = heads(ops, keys, spec.firstKeyValueHead(group), spec.groupKeyValueHeads());
            Tensor v = heads(ops, values, spec.firstKeyValueHead(group), spec.groupKeyValueHeads());
            KeyValueState state = states.keyValues(place, group);
            Tensor y = lists.isEmpty() ? ops.attention(q, k, v, state, pass.runs(), shape)
                    : ops.apply(new SparseAttention(q, k, v, state, pass.runs(), lists.get().get(group), shape));
            all = group == 0 ? y : ops.apply(new ConcatColumns(all, y, 1, false));
        }
        return all;
    }

    private Tensor heads(Ops ops, Tensor x, int first, int count) {
        int size = spec.attention().headSize();
        return count * size == x.cols() ? x : ops.apply(SliceColumns.of(x, first * size, count * size));
    }

    /// The positions of each group, empty while tokens attend to all.
    private Optional<List<AttendedPositions>> choose(Ops ops, Tensor x, Pass pass, States states) {
        KeyValueState state = states.keyValues(place, spec.numIndexHeads());
        Tensor k = rotated(ops, ops.linear(x, indexKey), keyNorm, pass);
        if (length(pass.runs()) <= spec.fullLength()) {
            ops.apply(new CacheAppend(k, state, pass.runs()));
            return Optional.empty();
        }
        Tensor q = rotated(ops, ops.linear(x, indexQuery), queryNorm, pass);
        List<AttendedPositions> lists = Stream.generate(AttendedPositions::new).limit(spec.numIndexHeads()).toList();
        ops.apply(new BlockIndexer(q, k, state, pass.runs(), spec.blockSize(), spec.count(), spec.numLocal(), lists));
        return Optional.of(lists);
    }

    private Tensor rotated(Ops ops, Tensor x, Weight weight, Pass pass) {
        Norm.Rms norm = spec.norm();
        Tensor normed = ops.rmsNorm(x, weight, norm.eps(), norm.offset());
        return rope.isEmpty() ? normed : ops.rotate(normed, spec.indexSize(), rope.get(), pass.runs().positions());
    }

    private static int length(Runs runs) {
        int length = 0;
        for (int run = 0; run < runs.count(); run++) {
            length = Math.max(length, runs.position(run) + runs.end(run) - runs.start(run));
        }
        return length;
    }
}
