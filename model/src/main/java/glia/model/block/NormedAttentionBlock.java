package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.Diffusion;
import glia.model.spec.NormedAttention;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.JoinedRows;
import glia.tensor.ops.row.Norms.UnitNorm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/// Attention with norms of queries, keys and values (see `NormedAttention`), also of a canvas (see `CanvasAttention`).
final class NormedAttentionBlock implements Block {
    /// The order of the clamps of maps.
    private static final List<Role> CLIPPED = List.of(Role.QUERY, Role.KEY, Role.VALUE, Role.OUTPUT);

    private final Place place;
    private final NormedAttention spec;
    private final AttentionShape shape;
    private final Block query;
    private final Block key;
    private final Optional<Block> value;
    private final Block output;
    private final Weight queryNorm;
    private final Weight keyNorm;
    /// The tables of the equal parts of a head, of which there is one in most models; empty without rotation.
    private final List<RopeTable> ropes;
    private final boolean isFollowed;
    /// The encoder's attention whose keys and values a canvas sees, too.
    private final Optional<Place> encoder;

    NormedAttentionBlock(Diffusion.CanvasAttention canvas, Weights weights, Place place, RopeTables ropes) {
        this(canvas.attention(), weights, place, ropes, false, Optional.of(canvas.encoder()),
                maps(canvas.attention(), weights, place));
    }

    /// @param isFollowed whether later layers share its keys and values
    NormedAttentionBlock(NormedAttention spec, Weights weights, Place place, RopeTables ropes, boolean isFollowed) {
        this(spec, weights, place, ropes, isFollowed, Optional.empty(), maps(spec, weights, place));
    }

    /// Attention whose maps have clamps (see `Conformer.Clipped`).
    static Block clipped(NormedAttention spec, Weights weights, Place place, RopeTables ropes) {
        return new NormedAttentionBlock(spec, weights, place, ropes, false, Optional.empty(), (role, bias) ->
                ConformerBlocks.clipped(weights, place, role, true, CLIPPED.indexOf(role)));
    }

    private static BiFunction<Role, Role, Block> maps(NormedAttention spec, Weights weights, Place place) {
        return (role, bias) -> Projection.of(weights, place, role, bias, spec.bias() != Bias.NONE);
    }

    private NormedAttentionBlock(NormedAttention spec, Weights weights, Place place, RopeTables ropes,
            boolean isFollowed, Optional<Place> encoder, BiFunction<Role, Role, Block> maps) {
        this.place = place;
        this.spec = spec;
        shape = new AttentionShape(spec.numHeads(), spec.numKeyValueHeads(), spec.headSize(), spec.headSize(), 1,
                encoder.isPresent() ? new Span.Bidirectional() : spec.span());
        this.encoder = encoder;
        query = maps.apply(Role.QUERY, Role.QUERY_BIAS);
        key = maps.apply(Role.KEY, Role.KEY_BIAS);
        value = switch (spec.values()) {
            case PROJECTION -> Optional.of(maps.apply(Role.VALUE, Role.VALUE_BIAS));
            case KEYS -> Optional.empty();
        };
        output = maps.apply(Role.OUTPUT, Role.OUTPUT_BIAS);
        queryNorm = weights.get(place, Role.QUERY_NORM);
        keyNorm = weights.get(place, Role.KEY_NORM);
        this.ropes = spec.rope() instanceof Rope.Parts parts
                ? IntStream.range(0, parts.axes().size()).mapToObj(i -> ropes.of(parts.of(i)).orElseThrow()).toList()
                : ropes.of(spec.rope()).stream().toList();
        this.isFollowed = isFollowed;
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor q = ops.rmsNorm(query.forward(ops, x, pass, states), queryNorm, spec.eps(), 0);
        Tensor projected = key.forward(ops, x, pass, states);
        Tensor v = value.isEmpty() ? projected : value.get().forward(ops, x, pass, states);
        v = ops.apply(UnitNorm.rms(v, spec.headSize(), spec.eps()));
        Runs positions = encoder.isPresent() ? afterPrefixes(pass) : pass.runs();
        Tensor k = rotate(ops, ops.rmsNorm(projected, keyNorm, spec.eps(), 0), positions);
        if (isFollowed) {
            pass.crossLayer().attended(place, k, v);
        }
        Tensor rotated = rotate(ops, q, positions);
        Tensor mixed = encoder.isPresent() ? ofCanvas(ops, rotated, k, v, pass, encoder.get())
                : ops.attention(rotated, k, v, states.keyValues(place, 0), pass.runs(), shape);
        return output.forward(ops, mixed, pass, states);
    }

    /// The canvases at the positions after their prefixes.
    private static Runs afterPrefixes(Pass pass) {
        Runs runs = new Runs();
        for (int run = 0; run < pass.runs().count(); run++) {
            int before = run;
            runs.add(pass.runs().end(run) - pass.runs().start(run), pass.encoded().map(EncodedPrefix::length)
                    .orElseGet(() -> pass.source().runs().end(before) - pass.source().runs().start(before)));
        }
        return runs.frozen();
    }

    /// Each canvas sees itself and the last tokens of its prefix that the span reaches.
    private Tensor ofCanvas(Ops ops, Tensor q, Tensor k, Tensor v, Pass pass, Place prefix) {
        CrossLayer.Attended before = pass.crossLayer().attended(prefix);
        int numBefore = before.keys().rows();
        Runs keyRuns = new Runs();
        List<Integer> rows = new ArrayList<>();
        for (int run = 0; run < pass.runs().count(); run++) {
            int first = rows.size();
            int end = pass.encoded().isPresent() ? numBefore : pass.source().runs().end(run);
            int start = pass.encoded().isPresent() ? 0 : pass.source().runs().start(run);
            for (int i = Math.max(start, end - reach(spec.span())); i < end; i++) {
                rows.add(i);
            }
            for (int i = pass.runs().start(run); i < pass.runs().end(run); i++) {
                rows.add(numBefore + i);
            }
            keyRuns.add(rows.size() - first, 0);
        }
        int[] seen = rows.stream().mapToInt(Integer::intValue).toArray();
        return ops.crossAttention(q, pass.runs(), ops.apply(new JoinedRows(before.keys(), k, seen)),
                ops.apply(new JoinedRows(before.values(), v, seen)), keyRuns.frozen(), KeyValueState.NONE, shape);
    }

    /// The tokens of a prefix that a canvas sees.
    static int reach(Span span) {
        return span instanceof Span.Sliding window ? window.window() - 1 : Integer.MAX_VALUE;
    }

    private Tensor rotate(Ops ops, Tensor x, Runs runs) {
        if (ropes.size() < 2) {
            return ropes.isEmpty() ? x : ops.rotate(x, shape.keySize(), ropes.getFirst(), runs.positions());
        }
        int size = shape.keySize() / ropes.size();
        Tensor joined = null;
        for (int i = 0; i < ropes.size(); i++) {
            Tensor part = ops.rotate(ops.apply(new SliceColumns(x, shape.keySize(), i * size, size)), size,
                    ropes.get(i), runs.positions());
            joined = i == 0 ? part : ops.apply(new ConcatColumns(joined, part, x.cols() / shape.keySize(), false));
        }
        return joined;
    }
}
