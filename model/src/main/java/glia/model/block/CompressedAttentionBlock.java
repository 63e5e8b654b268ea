package glia.model.block;

import glia.model.spec.CompressedAttention.Compression;
import glia.model.spec.CompressedAttention;
import glia.model.spec.KeyChoice;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.BlockPool.BlockEnds;
import glia.tensor.ops.attention.BlockPool;
import glia.tensor.ops.attention.EntryAttention;
import glia.tensor.ops.attention.EntryIndexer;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.PerHeadLinear.HeadWeights;
import glia.tensor.ops.row.PerHeadLinear;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Gathers.SpreadRows;
import glia.tensor.ops.row.Norms.UnitNorm;
import java.util.Optional;

/// The attention of DeepSeek V4 (see `CompressedAttention`).
final class CompressedAttentionBlock implements Block {
    private static final Role[] ENTRIES = {Role.ENTRY_VALUE, Role.ENTRY_GATE, Role.ENTRY_POSITIONS, Role.ENTRY_NORM};
    private static final Role[] INDEX =
            {Role.INDEX_KEY, Role.INDEX_GATE, Role.INDEX_POSITIONS, Role.INDEX_KEY_NORM_WEIGHT};

    private final CompressedAttention spec;
    private final Place place;
    private final Weight queryLatent;
    private final Weight queryLatentNorm;
    private final Weight query;
    private final Weight key;
    private final Weight keyNorm;
    private final Weight sinks;
    private final HeadWeights groups;
    private final Weight output;
    private final RopeTable rope;
    private final RopeTable back;
    private final AttentionShape shape;
    private final Optional<EntryBlock> entries;
    private final Optional<EntryBlock> index;
    private final Weight indexQuery;
    private final Weight indexWeights;

    CompressedAttentionBlock(CompressedAttention spec, Weights weights, Place place, RopeTables ropes) {
        this.spec = spec;
        this.place = place;
        queryLatent = weights.get(place, Role.QUERY_LATENT);
        queryLatentNorm = weights.get(place, Role.QUERY_LATENT_NORM);
        query = weights.get(place, Role.QUERY);
        key = weights.get(place, Role.KEY);
        keyNorm = weights.get(place, Role.KEY_NORM);
        sinks = weights.get(place, Role.SINKS);
        groups = new HeadWeights(weights.get(place, Role.GROUP_OUTPUT), spec.numGroups(), 0, spec.outputRank());
        output = weights.get(place, Role.OUTPUT);
        rope = ropes.of(spec.rope()).orElseThrow();
        back = rope.reversed();
        shape = new AttentionShape(spec.numHeads(), 1, spec.headSize(), spec.headSize(),
                (float) (1 / Math.sqrt(spec.headSize())), new Span.Sliding(spec.window()), new Scores.Sinks());
        Optional<KeyChoice.Indexed> indexer = spec.compression().flatMap(Compression::indexer);
        entries = spec.compression().map(c ->
                EntryBlock.of(weights, place, ENTRIES, spec.eps(), rope, indexer.isPresent()));
        index = indexer.map(i -> EntryBlock.of(weights, place, INDEX, spec.eps(), rope, true));
        indexQuery = indexer.map(i -> weights.get(place, Role.INDEX_QUERY)).orElse(Weight.ABSENT);
        indexWeights = indexer.map(i -> weights.get(place, Role.INDEX_WEIGHTS)).orElse(Weight.ABSENT);
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        int size = spec.headSize();
        Tensor low = ops.rmsNorm(ops.linear(x, queryLatent), queryLatentNorm, spec.eps(), 0);
        Tensor q = ops.apply(UnitNorm.rms(ops.linear(low, query), size, spec.eps()));
        q = EntryBlock.rotateLast(ops, q, size, rope, pass.runs());
        Tensor k = ops.rmsNorm(ops.linear(x, key), keyNorm, spec.eps(), 0);
        k = EntryBlock.rotateLast(ops, k, size, rope, pass.runs());
        Tensor y = entries.isEmpty() ? near(ops, q, k, pass, states) : all(ops, x, low, q, k, pass, states);
        y = EntryBlock.rotateLast(ops, y, size, back, pass.runs());
        return ops.linear(ops.apply(new PerHeadLinear(y, groups, PerHeadLinear.Direction.FORWARD)), output);
    }

    /// Attention to the window alone. Without a cache the values are a separate tensor, so that gradients of keys and
    /// values are separate.
    private Tensor near(Ops ops, Tensor q, Tensor k, Pass pass, States states) {
        KeyValueState state = states.keyValues(place, 0);
        Tensor values = state == KeyValueState.NONE ? ops.apply(SliceColumns.of(k, 0, k.cols())) : k;
        return ops.attention(q, k, values, state, pass.runs(), shape, sinks);
    }

    private Tensor all(Ops ops, Tensor x, Tensor low, Tensor q, Tensor k, Pass pass, States states) {
        Tensor compressed = entries.get().forward(ops, x, pass, states.keyValues(place, 2));
        int[][] lists = new int[x.rows()][];
        int blockSize = spec.compression().get().blockSize();
        if (index.isEmpty()) {
            EntryIndexer.all(pass.runs(), blockSize, lists);
        } else {
            choose(ops, x, low, pass, states, blockSize, lists);
        }
        return ops.apply(new EntryAttention(q, k, states.keyValues(place, 0), compressed, states.keyValues(place, 1),
                pass.runs(), spec.window(), lists, shape, sinks));
    }

    private void choose(Ops ops, Tensor x, Tensor low, Pass pass, States states, int blockSize, int[][] lists) {
        KeyChoice.Indexed indexer = spec.compression().get().indexer().get();
        Tensor keys = index.get().forward(ops, x, pass, states.keyValues(place, 4));
        Tensor queries = EntryBlock.rotateLast(ops, ops.linear(low, indexQuery), indexer.headSize(), rope, pass.runs());
        Tensor w = ops.scale(ops.linear(x, indexWeights),
                (float) (1 / Math.sqrt((double) indexer.headSize() * indexer.numHeads())));
        ops.apply(new EntryIndexer(queries, keys, Optional.of(w), states.keyValues(place, 3), pass.runs(), blockSize,
                indexer.count(), lists));
    }

    /// The entries of compressed blocks: pooled, normalized, with RoPE on the last dimensions at the block's first
    /// position.
    ///
    /// @param overlaps whether an entry is made of two blocks
    record EntryBlock(Weight value, Weight gate, Weight positions, Weight norm, float eps, RopeTable rope,
            boolean overlaps) {
        static EntryBlock of(Weights weights, Place place, Role[] roles, float eps, RopeTable rope, boolean overlaps) {
            return new EntryBlock(weights.get(place, roles[0]), weights.get(place, roles[1]),
                    weights.get(place, roles[2]), weights.get(place, roles[3]), eps, rope, overlaps);
        }

        /// The entries `[N, E]` at the rows of block ends, among zeros.
        Tensor forward(Ops ops, Tensor x, Pass pass, KeyValueState state) {
            Tensor rows = ops.apply(new ConcatColumns(ops.linear(x, value), ops.linear(x, gate), 1, false));
            BlockEnds ends = new BlockEnds(pass.runs(), positions.rows());
            Tensor pooled = ops.apply(new BlockPool(rows, positions, state, pass.runs(), ends, overlaps));
            if (ends.count() > 0) {
                pooled = rotateLast(ops, ops.rmsNorm(pooled, norm, eps, 0), pooled.cols(), rope, ends.starts());
            }
            return ops.apply(new SpreadRows(pooled, ends.rows(), x.rows()));
        }

        /// RoPE of the last dimensions of each head.
        static Tensor rotateLast(Ops ops, Tensor x, int headSize, RopeTable rope, Runs runs) {
            int rotated = 2 * rope.numPairs();
            if (rotated == headSize) {
                return ops.rotate(x, headSize, rope, runs.positions());
            }
            Tensor plain = ops.apply(new SliceColumns(x, headSize, 0, headSize - rotated));
            Tensor turned =
                    ops.rotate(ops.apply(new SliceColumns(x, headSize, headSize - rotated, rotated)), rotated, rope,
                    runs.positions());
            return ops.apply(new ConcatColumns(plain, turned, x.cols() / headSize, false));
        }
    }
}
