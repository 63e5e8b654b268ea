package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.LatentAttention.Queries;
import glia.model.spec.LatentAttention;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.Temperature;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.IndexerLoss;
import glia.tensor.ops.attention.SparseAttention;
import glia.tensor.ops.row.Gathers.CacheAppend;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Scales.ScaledRows;
import glia.tensor.ops.row.Scales.SigmoidGate;
import glia.tensor.ops.row.Columns.SliceColumns;
import java.util.Optional;

/// Multi-head latent attention (https://arxiv.org/abs/2405.04434), in the cheaper of two equivalent forms. If all
/// sequences start in this pass (prefill), latents are expanded to keys and values of every head. Otherwise (decode)
/// the expansion is absorbed: queries are projected to the latent space and attend to the cache rows as in multi-query
/// attention, with the latents as values; each head's sum is expanded. The two forms round differently, so
/// batch-invariant ops use the second only.
final class LatentAttentionBlock implements Block {
    private final LatentAttention spec;
    private final Place place;
    private final Block queryLatent;
    private final Block query;
    private final Block latent;
    private final Block latentNorm;
    private final Block output;
    private final Optional<Weight> gate;
    private final SharedLatentAttentionBlock.LatentExpansion expansion;
    private final Indexer indexer;
    private final Optional<RopeTable> rope;
    private final AttentionShape expanded;
    private final AttentionShape absorbed;

    LatentAttentionBlock(LatentAttention spec, Weights weights, Place place, RopeTables ropes) {
        this.spec = spec;
        this.place = place;
        boolean bias = spec.bias() != Bias.NONE;
        queryLatent = switch (spec.queries()) {
            case Queries.Direct direct -> (ops, x, pass, states) -> x;
            case Queries.LowRank low -> {
                Block down = Projection.of(weights, place, Role.QUERY_LATENT, Role.QUERY_LATENT_BIAS, bias);
                Block norm = NormBlock.of(spec.norm(), weights, place, Role.QUERY_LATENT_NORM,
                        Role.QUERY_LATENT_NORM);
                yield (ops, x, pass, states) -> norm.forward(ops, down.forward(ops, x, pass, states), pass, states);
            }
        };
        query = Projection.of(weights, place, Role.QUERY, Role.QUERY_BIAS, false);
        latent = Projection.of(weights, place, Role.LATENT, Role.LATENT_BIAS, bias);
        Block norm = NormBlock.of(spec.norm(), weights, place, Role.LATENT_NORM, Role.LATENT_NORM);
        latentNorm = spec.latentFactor() == 1 ? norm
                : (ops, x, pass, states) -> ops.scale(norm.forward(ops, x, pass, states), spec.latentFactor());
        output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, bias);
        expansion = SharedLatentAttentionBlock.LatentExpansion.of(spec, weights, place);
        indexer = Indexer.of(spec, weights, place, ropes);
        rope = ropes.of(spec.rope());
        gate = spec.gating() == LatentAttention.Gating.NONE ? Optional.empty()
                : Optional.of(weights.get(place, Role.GATE));
        int heads = spec.numHeads();
        expanded = new AttentionShape(heads, heads, spec.querySize(), spec.valueSize(), spec.scale(),
                new Span.Causal());
        absorbed = new AttentionShape(heads, 1, spec.rowSize(), spec.latentSize(), spec.scale(), new Span.Causal());
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor low = queryLatent.forward(ops, x, pass, states);
        Tensor q = QueryTemperature.apply(spec.temperature(), ops, query.forward(ops, low, pass, states), pass);
        int shared = spec.sharedSize();
        Tensor plain = shared == 0 ? q : ops.apply(new SliceColumns(q, spec.querySize(), 0, spec.plainSize()));
        Tensor turned = shared == 0 ? q
                : rotate(ops, ops.apply(new SliceColumns(q, spec.querySize(), spec.plainSize(), shared)), pass);
        Tensor row = latent.forward(ops, x, pass, states);
        Tensor c = latentNorm.forward(ops, shared == 0 ? row : ops.apply(SliceColumns.of(row, 0, spec.latentSize())),
                pass, states);
        Tensor key = shared == 0 ? row
                : rotate(ops, ops.apply(SliceColumns.of(row, spec.latentSize(), shared)), pass);
        Tensor rows = join(ops, c, key, 1, false);
        Optional<AttendedPositions> lists = indexer.choose(ops, x, low, pass, states);
        KeyValueState state = states.keyValues(place, 0);
        Tensor mixed = lists.isEmpty() && !ops.isBatchInvariant() && allBegin(pass.runs())
                ? expanded(ops, plain, turned, new Latents(c, key, rows), state, pass)
                : absorbed(ops, plain, turned, rows, state, pass, lists);
        Tensor gated = gate.isEmpty() ? mixed : ops.apply(new SigmoidGate(mixed, ops.linear(x, gate.get())));
        return output.forward(ops, gated, pass, states);
    }

    private Tensor rotate(Ops ops, Tensor x, Pass pass) {
        return rope.isEmpty() ? x : ops.rotate(x, spec.sharedSize(), rope.get(), pass.runs().positions());
    }

    /// The plain part of each head and its part for the shared key, if there is one.
    private Tensor join(Ops ops, Tensor plain, Tensor shared, int heads, boolean isOne) {
        return spec.sharedSize() == 0 ? plain : ops.apply(new ConcatColumns(plain, shared, heads, isOne));
    }

    private static boolean allBegin(Runs runs) {
        for (int run = 0; run < runs.count(); run++) {
            if (runs.position(run) != 0) {
                return false;
            }
        }
        return true;
    }

    /// The latents of a pass, the shared key, and the cache row `[c | k]`.
    private record Latents(Tensor c, Tensor key, Tensor rows) { }

    private Tensor expanded(Ops ops, Tensor plain, Tensor turned, Latents computed, KeyValueState state, Pass pass) {
        Latents read = read(ops, computed, ops.apply(new CacheAppend(computed.rows(), state, pass.runs())));
        Tensor q = join(ops, plain, turned, spec.numHeads(), false);
        Tensor k = join(ops, expansion.keys(ops, read.c()), read.key(), spec.numHeads(), true);
        return learned(ops, ops.attention(q, k, expansion.values(ops, read.c()), KeyValueState.NONE, pass.runs(),
                expanded), new Attended(q, k, expanded), pass, Optional.empty());
    }

    /// The latents as the cache stores them, which is what later tokens read.
    private Latents read(Ops ops, Latents computed, Tensor rows) {
        return rows == computed.rows() ? computed : spec.sharedSize() == 0 ? new Latents(rows, rows, rows)
                : new Latents(ops.apply(SliceColumns.of(rows, 0, spec.latentSize())),
                        ops.apply(SliceColumns.of(rows, spec.latentSize(), spec.sharedSize())), rows);
    }

    private Tensor absorbed(Ops ops, Tensor plain, Tensor turned, Tensor rows, KeyValueState state, Pass pass,
            Optional<AttendedPositions> lists) {
        Tensor q = join(ops, expansion.absorb(ops, plain), turned, spec.numHeads(), false);
        Tensor sums = lists.isPresent()
                ? ops.apply(new SparseAttention(q, rows, rows, state, pass.runs(), lists.get(), absorbed))
                : ops.attention(q, rows, values(ops, rows, state), state, pass.runs(), absorbed);
        return expansion.mixed(ops, learned(ops, sums, new Attended(q, rows, absorbed), pass, lists));
    }

    /// The queries and keys of the attention.
    private record Attended(Tensor q, Tensor k, AttentionShape shape) { }

    /// The result y of the attention, with the loss of the indexer if it is trained.
    private static Tensor learned(Ops ops, Tensor y, Attended of, Pass pass, Optional<AttendedPositions> lists) {
        return pass.crossLayer().takeScores().<Tensor>map(scores -> ops.apply(new IndexerLoss(y, of.q, of.k, of.shape,
                scores, pass.runs(), lists, ops.indexerTraining().orElseThrow()))).orElse(y);
    }

    /// The values: the first columns of the cache rows. Without a cache, a separate tensor, so that gradients of keys
    /// and values are separate.
    private Tensor values(Ops ops, Tensor rows, KeyValueState state) {
        return state == KeyValueState.NONE ? ops.apply(SliceColumns.of(rows, 0, spec.latentSize())) : rows;
    }

    /// The factor of the queries by their positions.
    static final class QueryTemperature {
        private QueryTemperature() { }

        /// Applies the temperature, which is 1 in short sequences.
        static Tensor apply(Temperature temperature, Ops ops, Tensor q, Pass pass) {
            return switch (temperature) {
                case Temperature.Constant constant -> q;
                case Temperature.Logarithmic logarithmic -> {
                    float[] factors = new float[pass.numTokens()];
                    boolean sharper = false;
                    for (int i = 0; i < factors.length; i++) {
                        factors[i] = logarithmic.at(pass.positions()[i]);
                        sharper |= factors[i] != 1;
                    }
                    yield sharper ? ops.apply(new ScaledRows(q, factors)) : q;
                }
            };
        }
    }
}
