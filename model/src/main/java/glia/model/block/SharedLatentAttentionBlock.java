package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.Norm;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.SharedLatentAttention;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.SparseAttention;
import glia.tensor.ops.row.Gathers.CacheAppend;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.PerHeadLinear.HeadWeights;
import glia.tensor.ops.row.PerHeadLinear.Direction;
import glia.tensor.ops.row.PerHeadLinear;
import glia.tensor.ops.row.Scales.PositionScale;
import glia.tensor.ops.row.Pointwise.ScaledRotation;
import glia.tensor.ops.row.Columns.SliceColumns;
import java.util.Arrays;
import java.util.Optional;

/// Latent attention with shared latents (see `SharedLatentAttention`), always in the absorbed form: queries are
/// projected to the latent space and attend to the rows `[latent | rotated key]`, with the latents as values.
final class SharedLatentAttentionBlock implements Block {
    private final SharedLatentAttention spec;
    private final Place place;
    private final Weight query;
    private final Weight positionScale;
    private final Weight positionOffset;
    private final Optional<Block> latent;
    private final Block latentNorm;
    private final Block output;
    private final LatentExpansion expansion;
    private final Optional<RopeTable> rope;
    private final Weight ropeScale;
    private final Optional<Index> index;
    private final AttentionShape shape;
    private final boolean isFollowed;

    /// The weights of the indexer.
    private record Index(KeyChoice.Indexed spec, Weight normWeight, Weight normBias, Weight query, Weight scale,
            Weight offset, Weight key, Weight keyNormWeight, Weight keyNormBias, Weight heads) { }

    SharedLatentAttentionBlock(SharedLatentAttention spec, Weights weights, Place place, RopeTables ropes,
            boolean isFollowed) {
        this.spec = spec;
        this.place = place;
        this.isFollowed = isFollowed;
        boolean bias = spec.bias() != Bias.NONE;
        boolean own = spec.followed().isEmpty();
        query = weights.get(place, Role.QUERY);
        positionScale = weights.get(place, Role.POSITION_SCALE);
        positionOffset = weights.get(place, Role.POSITION_OFFSET);
        latent = own ? Optional.of(Projection.of(weights, place, Role.LATENT, Role.LATENT_BIAS, bias))
                : Optional.empty();
        latentNorm = NormBlock.of(own ? new Norm.Rms(spec.eps(), 0) : new Norm.None(), weights, place,
                Role.LATENT_NORM, Role.LATENT_NORM);
        output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, bias);
        expansion = LatentExpansion.joined(weights.get(place, Role.EXPANSION), spec.numHeads(), spec.plainSize(),
                spec.valueSize());
        rope = ropes.of(spec.rope());
        ropeScale = rope.isPresent() ? weights.get(Place.WHOLE, Role.ROPE_SCALE) : Weight.ABSENT;
        index = spec.keys() instanceof KeyChoice.Indexed i ? Optional.of(new Index(i,
                weights.get(place, Role.INDEX_QUERY_NORM_WEIGHT), weights.get(place, Role.INDEX_QUERY_NORM_BIAS),
                weights.get(place, Role.INDEX_QUERY), weights.get(place, Role.INDEX_POSITION_SCALE),
                weights.get(place, Role.INDEX_POSITION_OFFSET), weights.get(place, Role.INDEX_KEY),
                weights.get(place, Role.INDEX_KEY_NORM_WEIGHT), weights.get(place, Role.INDEX_KEY_NORM_BIAS),
                weights.get(place, Role.INDEX_WEIGHTS))) : Optional.empty();
        shape = new AttentionShape(spec.numHeads(), 1, spec.rowSize(), spec.latentSize(), spec.scale(),
                new Span.Causal());
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor q = ops.apply(new PositionScale(ops.linear(x, query), positionScale, positionOffset,
                positions(pass)));
        Tensor absorbed = expansion.absorb(ops, rotating() ? part(ops, q, 0, spec.plainSize()) : q);
        if (rotating()) {
            Tensor turned = rotate(ops, part(ops, q, spec.plainSize(), spec.rotatedSize()), spec.rotatedSize(), pass);
            absorbed = ops.apply(new ConcatColumns(absorbed, turned, spec.numHeads(), false));
        }
        Tensor rows = rows(ops, x, pass, states);
        KeyValueState state = states.keyValues(spec.followed().orElse(place), 0);
        Optional<AttendedPositions> lists = choose(ops, x, pass, states);
        Tensor sums = lists.isPresent()
                ? ops.apply(new SparseAttention(absorbed, rows, rows, state, pass.runs(), lists.get(), shape))
                : ops.attention(absorbed, rows, values(ops, rows, state), state, pass.runs(), shape);
        return output.forward(ops, expansion.mixed(ops, sums), pass, states);
    }

    private boolean rotating() {
        return rope.isPresent();
    }

    private static int[] positions(Pass pass) {
        return Arrays.copyOf(pass.positions(), pass.numTokens());
    }

    /// Columns of each query head.
    private Tensor part(Ops ops, Tensor q, int from, int count) {
        return ops.apply(new SliceColumns(q, spec.querySize(), from, count));
    }

    private Tensor rotate(Ops ops, Tensor x, int size, Pass pass) {
        return rope.isEmpty() ? x : ops.apply(new ScaledRotation(x, size, ropeScale, rope.get().frequencies(),
                rope.get().factor(), positions(pass)));
    }

    /// The cache rows of this pass: its own, or those of the layer that it follows.
    private Tensor rows(Ops ops, Tensor x, Pass pass, States states) {
        if (latent.isEmpty()) {
            return pass.crossLayer().attended(spec.followed().orElseThrow()).keys();
        }
        Tensor row = latent.get().forward(ops, x, pass, states);
        Tensor rows;
        if (rotating()) {
            Tensor c = latentNorm.forward(ops, ops.apply(SliceColumns.of(row, 0, spec.latentSize())), pass, states);
            Tensor key = ops.apply(SliceColumns.of(row, spec.latentSize(), spec.rotatedSize()));
            rows = ops.apply(new ConcatColumns(c, rotate(ops, key, spec.rotatedSize(), pass), 1, false));
        } else {
            rows = latentNorm.forward(ops, row, pass, states);
        }
        if (isFollowed) {
            pass.crossLayer().attended(place, rows, rows);
        }
        return rows;
    }

    /// The values: the first columns of the cache rows. Without a cache, a separate tensor, so that gradients of keys
    /// and values are separate.
    private Tensor values(Ops ops, Tensor rows, KeyValueState state) {
        return state == KeyValueState.NONE ? ops.apply(SliceColumns.of(rows, 0, spec.latentSize())) : rows;
    }

    /// The positions that the indexer selects; empty if all.
    private Optional<AttendedPositions> choose(Ops ops, Tensor x, Pass pass, States states) {
        if (index.isEmpty()) {
            return spec.keys() instanceof KeyChoice.All ? Optional.empty() : pass.crossLayer().chosen();
        }
        Index i = index.get();
        int size = i.spec().headSize();
        KeyValueState state = states.keyValues(place, spec.followed().isEmpty() ? 1 : 0);
        Tensor k = rotate(ops, ops.layerNorm(ops.linear(x, i.key()), i.keyNormWeight(), i.keyNormBias(),
                Indexer.EPSILON), size, pass);
        if (Indexer.length(pass.runs()) <= i.spec().count()) {
            ops.apply(new CacheAppend(k, state, pass.runs()));
            return pass.crossLayer().choose(Optional.empty());
        }
        Tensor normed = ops.layerNorm(x, i.normWeight(), i.normBias(), Indexer.EPSILON);
        Tensor q = ops.apply(new PositionScale(ops.linear(normed, i.query()), i.scale(), i.offset(), positions(pass)));
        return Indexer.best(ops, rotate(ops, q, size, pass), k, Indexer.weights(ops, x, i.heads(), i.spec()),
                i.spec(), state, pass, states);
    }

    /// The matrices K_h and V_h of latent attention, which expand a latent c to a head's key `K_h c` and value
    /// `V_h c`, or are absorbed into the query and the output: `q · K_h c = (K_hᵀ q) · c`.
    ///
    /// @param absorbing from queries without RoPE to latents; the transpose of `expanding`
    record LatentExpansion(HeadWeights keys, HeadWeights values, Direction absorbing, Direction expanding) {
        static LatentExpansion of(LatentAttention spec, Weights weights, Place place) {
            int heads = spec.numHeads();
            return switch (spec.expansion()) {
                case JOINED -> joined(weights.get(place, Role.EXPANSION), heads, spec.plainSize(), spec.valueSize());
                case SPLIT -> new LatentExpansion(
                        new HeadWeights(weights.get(place, Role.KEY_EXPANSION), heads, 0, spec.latentSize()),
                        new HeadWeights(weights.get(place, Role.VALUE_EXPANSION), heads, 0, spec.valueSize()),
                        Direction.FORWARD, Direction.TRANSPOSED);
            };
        }

        /// K_h and V_h of each head in one matrix.
        static LatentExpansion joined(Weight both, int heads, int plainSize, int valueSize) {
            return new LatentExpansion(new HeadWeights(both, heads, 0, plainSize),
                    new HeadWeights(both, heads, plainSize, valueSize), Direction.TRANSPOSED, Direction.FORWARD);
        }

        /// `K_h c`: `[N, latent]` to `[N, H·plain]`.
        Tensor keys(Ops ops, Tensor latents) {
            return ops.apply(new PerHeadLinear(latents, keys, expanding));
        }

        /// `V_h c`: `[N, latent]` to `[N, H·value]`.
        Tensor values(Ops ops, Tensor latents) {
            return ops.apply(new PerHeadLinear(latents, values, Direction.FORWARD));
        }

        /// `K_hᵀ q_h`: `[N, H·plain]` to `[N, H·latent]`.
        Tensor absorb(Ops ops, Tensor queries) {
            return ops.apply(new PerHeadLinear(queries, keys, absorbing));
        }

        /// `V_h s_h` for each head's own sum of latents: `[N, H·latent]` to `[N, H·value]`.
        Tensor mixed(Ops ops, Tensor sums) {
            return ops.apply(new PerHeadLinear(sums, values, Direction.FORWARD));
        }
    }
}
