package glia.model.block;

import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.ops.IndexerTraining;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.BlockPool.BlockEnds;
import glia.tensor.ops.attention.BlockPool;
import glia.tensor.ops.attention.EntryIndexer;
import glia.tensor.ops.attention.IndexerLoss;
import glia.tensor.ops.attention.LightningIndexer;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Elementwise.Detached;
import glia.tensor.ops.row.Gathers.CacheAppend;
import glia.tensor.ops.row.Gathers.SpreadRows;
import java.util.Optional;

/// Selects the positions that latent attention attends to; empty if all.
@FunctionalInterface
interface Indexer {
    /// Epsilon of the key norm, fixed by the reference implementation.
    float EPSILON = 1e-6f;

    /// @param x the input of the attention, `[N, D]`
    /// @param queries the latent of the queries, `[N, rank]`
    Optional<AttendedPositions> choose(Ops ops, Tensor x, Tensor queries, Pass pass, States states);

    static Indexer of(LatentAttention spec, Weights weights, Place place, RopeTables ropes) {
        return switch (spec.keys()) {
            case KeyChoice.All all -> (ops, x, queries, pass, states) -> Optional.empty();
            case KeyChoice.AsBefore before -> (ops, x, queries, pass, states) -> pass.crossLayer().chosen();
            case KeyChoice.Pooled pooled -> pooled(pooled, weights, place);
            case KeyChoice.Indexed indexed -> indexed(indexed, spec.rope(), weights, place, ropes);
        };
    }

    private static Indexer indexed(KeyChoice.Indexed spec, Rope rotation, Weights weights, Place place,
            RopeTables ropes) {
        Weight query = weights.get(place, Role.INDEX_QUERY);
        Weight key = weights.get(place, Role.INDEX_KEY);
        Weight normWeight = weights.get(place, Role.INDEX_KEY_NORM_WEIGHT);
        Weight normBias = weights.get(place, Role.INDEX_KEY_NORM_BIAS);
        Weight heads = weights.get(place, Role.INDEX_WEIGHTS);
        Optional<RopeTable> rope = ropes.of(rotation instanceof Rope.Rotary r ? r.with(spec.layout()) : rotation);
        return (ops, input, latents, pass, states) -> {
            Optional<IndexerTraining> training = states == States.NONE ? ops.indexerTraining() : Optional.empty();
            Tensor x = training.isEmpty() ? input : ops.apply(new Detached(input));
            Tensor queries = training.isEmpty() ? latents : ops.apply(new Detached(latents));
            Tensor k = rotate(ops, ops.layerNorm(ops.linear(x, key), normWeight, normBias, EPSILON), spec, rope, pass);
            if (training.isPresent()) {
                Tensor q = rotate(ops, ops.linear(queries, query), spec, rope, pass);
                Tensor w = weights(ops, x, heads, spec);
                pass.crossLayer().scored(new IndexerLoss.Scores(q, k, w));
                return training.get().isDense() || length(pass.runs()) <= spec.count()
                        ? pass.crossLayer().choose(Optional.empty())
                        : best(ops, q, k, w, spec, states.keyValues(place, 1), pass, states);
            }
            if (length(pass.runs()) <= spec.count()) {
                ops.apply(new CacheAppend(k, states.keyValues(place, 1), pass.runs()));
                return pass.crossLayer().choose(Optional.empty());
            }
            Tensor q = rotate(ops, ops.linear(queries, query), spec, rope, pass);
            return best(ops, q, k, weights(ops, x, heads, spec), spec, states.keyValues(place, 1), pass, states);
        };
    }

    private static Indexer pooled(KeyChoice.Pooled spec, Weights weights, Place place) {
        KeyChoice.Indexed each = spec.each();
        Weight query = weights.get(place, Role.INDEX_QUERY);
        Weight key = weights.get(place, Role.INDEX_KEY);
        Weight normWeight = weights.get(place, Role.INDEX_KEY_NORM_WEIGHT);
        Weight normBias = weights.get(place, Role.INDEX_KEY_NORM_BIAS);
        Weight gate = weights.get(place, Role.INDEX_GATE);
        Weight positions = weights.get(place, Role.INDEX_POSITIONS);
        Weight heads = weights.get(place, Role.INDEX_WEIGHTS);
        float scale = (float) (1 / Math.sqrt((double) each.headSize() * each.numHeads()));
        return (ops, x, queries, pass, states) -> {
            Tensor k = ops.layerNorm(ops.linear(x, key), normWeight, normBias, EPSILON);
            BlockEnds ends = new BlockEnds(pass.runs(), spec.blockSize());
            Tensor pooled = ops.apply(new BlockPool(ops.apply(new ConcatColumns(k, ops.linear(x, gate), 1, false)),
                    positions, states.keyValues(place, 2), pass.runs(), ends, false));
            Tensor keys = ops.apply(new SpreadRows(pooled, ends.rows(), x.rows()));
            KeyValueState state = states.keyValues(place, 1);
            if (length(pass.runs()) < each.count() + spec.blockSize()) {
                ops.apply(new CacheAppend(keys, state, pass.runs()));
                return pass.crossLayer().choose(Optional.empty());
            }
            int[][] blocks = new int[x.rows()][];
            ops.apply(new EntryIndexer(ops.linear(queries, query), keys,
                    Optional.of(ops.scale(ops.linear(x, heads), scale)), state, pass.runs(),
                    spec.blockSize(), each.count() / spec.blockSize(), blocks));
            return pass.crossLayer().choose(Optional.of(EntryIndexer.positions(pass.runs(), spec.blockSize(), blocks,
                    pass.newLists(states))));
        };
    }

    /// The weights of the index heads, a projection of x.
    static Tensor weights(Ops ops, Tensor x, Weight heads, KeyChoice.Indexed spec) {
        float scale = (float) (1 / Math.sqrt((double) spec.headSize() * spec.numHeads()));
        return ops.scale(ops.linear(x, heads), scale);
    }

    /// The best positions by the queries of the index heads and their weights.
    static Optional<AttendedPositions> best(Ops ops, Tensor q, Tensor k, Tensor w, KeyChoice.Indexed spec,
            KeyValueState state, Pass pass, States states) {
        AttendedPositions lists = pass.newLists(states);
        ops.apply(new LightningIndexer(q, k, w, state, pass.runs(), spec.count(), lists));
        return pass.crossLayer().choose(Optional.of(lists));
    }

    private static Tensor rotate(Ops ops, Tensor x, KeyChoice.Indexed spec, Optional<RopeTable> rope, Pass pass) {
        return rope.isEmpty() ? x : ops.rotate(x, spec.headSize(), rope.get(), pass.runs().positions());
    }

    /// The length of the longest sequence.
    static int length(Runs runs) {
        int length = 0;
        for (int run = 0; run < runs.count(); run++) {
            length = Math.max(length, runs.position(run) + runs.end(run) - runs.start(run));
        }
        return length;
    }
}
