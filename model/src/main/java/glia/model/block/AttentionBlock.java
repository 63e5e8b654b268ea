package glia.model.block;

import glia.model.spec.Attention;
import glia.model.spec.Mixer.WindowedAttention;
import glia.model.spec.Place;
import glia.model.spec.QkNorm;
import glia.model.spec.Role;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.model.spec.StridedAttention;
import glia.model.spec.Temperature;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.RelativeAttention;
import glia.tensor.ops.attention.SparseAttention;
import glia.tensor.ops.row.Norms.Center;
import glia.tensor.ops.row.Elementwise.Clamp;
import glia.tensor.ops.row.Norms.GroupRmsNorm;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.RepeatedBias;
import glia.tensor.ops.row.Scales.SigmoidGate;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Norms.UnitNorm;
import java.util.Arrays;
import java.util.Optional;

/// Multi-head and grouped-query attention (https://arxiv.org/abs/1706.03762, https://arxiv.org/abs/2305.13245):
/// `W_o · attend(rotate(norm(W_q x)), rotate(norm(W_k x)), W_v x)`.
final class AttentionBlock implements Block {
    /// A norm of queries, keys or values, before or after RoPE.
    private interface Step {
        Step NOTHING = (ops, x) -> x;

        Tensor apply(Ops ops, Tensor x);
    }

    /// The attention over the visible positions.
    interface Mixing {
        /// @param x the input of the layer
        Tensor mix(Ops ops, Tensor x, Tensor q, Tensor k, Tensor v, Pass pass, States states);
    }

    private final AttentionShape shape;
    private final Projections projections;
    private final Block output;
    private final Block outputNorm;
    private final Step queryNorm;
    private final Step keyNorm;
    private final Step valueStep;
    private final Step rotatedQueryNorm;
    private final Step rotatedKeyNorm;
    private final Optional<RopeTable> rope;
    private final Temperature temperature;
    private final Attention.Gating gating;
    private final Block gate;
    private final Mixing mixing;

    AttentionBlock(StridedAttention spec, Weights weights, Place place, RopeTables ropes) {
        this(spec.attention(), weights, place, ropes, new glia.model.spec.Norm.None(),
                strided(spec, place, full(spec.attention(), weights, place, ropes)));
    }

    /// Attention within the windows of a pass.
    AttentionBlock(WindowedAttention spec, Weights weights, Place place, RopeTables ropes) {
        this(spec.attention(), weights, place, ropes, new glia.model.spec.Norm.None(), windowed(spec, place));
    }

    AttentionBlock(Attention spec, Weights weights, Place place, RopeTables ropes) {
        this(spec, weights, place, ropes, new glia.model.spec.Norm.None());
    }

    /// @param subNorm a norm of the heads' output before the output projection
    AttentionBlock(Attention spec, Weights weights, Place place, RopeTables ropes, glia.model.spec.Norm subNorm) {
        this(spec, weights, place, ropes, subNorm, full(spec, weights, place, ropes));
    }

    AttentionBlock(Attention spec, Weights weights, Place place, RopeTables ropes, Mixing mixing) {
        this(spec, weights, place, ropes, new glia.model.spec.Norm.None(), mixing);
    }

    private AttentionBlock(Attention spec, Weights weights, Place place, RopeTables ropes,
            glia.model.spec.Norm subNorm, Mixing mixing) {
        this.mixing = mixing;
        shape = shape(spec);
        boolean bias = spec.bias().ofInputs();
        Projections maps = Projections.of(weights, place, Role.QUERY, Role.KEY, Role.VALUE);
        projections = !bias ? maps : spec.bias().ofKeys()
                ? maps.with(weights, place, Role.QUERY_BIAS, Role.KEY_BIAS, Role.VALUE_BIAS)
                : maps.with(weights, place, 1, Role.QUERY_BIAS, Role.KEY_BIAS, Role.VALUE_BIAS);
        output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, spec.bias().ofOutput());
        outputNorm = NormBlock.of(subNorm, weights, place, Role.SUB_NORM, Role.SUB_NORM);
        gate = switch (spec.gating()) {
            case PROJECTED, BIASED -> Projection.of(weights, place, Role.ATTENTION_GATE, Role.ATTENTION_GATE_BIAS,
                    spec.gating() == Attention.Gating.BIASED);
            case BY_HEAD -> Projection.of(weights, place, Role.GATE, Role.GATE_BIAS, false);
            case NONE, SIGMOID -> output;
        };
        queryNorm = norm(spec.norm(), spec.headSize(), spec.numHeads(), weights, place, Role.QUERY_NORM);
        keyNorm = norm(spec.norm(), spec.headSize(), spec.numKeyValueHeads(), weights, place, Role.KEY_NORM);
        valueStep = spec.norm() instanceof QkNorm.Clipped c ? clip(c) : Step.NOTHING;
        rotatedQueryNorm = rotatedNorm(spec, weights, place, Role.QUERY_NORM);
        rotatedKeyNorm = rotatedNorm(spec, weights, place, Role.KEY_NORM);
        rope = ropes.of(spec.rope());
        temperature = spec.temperature();
        gating = spec.gating();
    }

    static AttentionShape shape(Attention spec) {
        return new AttentionShape(spec.numHeads(), spec.numKeyValueHeads(), spec.headSize(), spec.valueSize(),
                spec.scale(), spec.span(), spec.scores());
    }

    private static Mixing full(Attention spec, Weights weights, Place place, RopeTables ropes) {
        AttentionShape shape = shape(spec);
        if (spec.rope() instanceof Rope.Rotary rotary && rotary.scaling() instanceof RopeScaling.Relative relative) {
            if (!(spec.span() instanceof Span.Causal) || !(spec.scores() instanceof Scores.Plain)) {
                throw new IllegalArgumentException("other relative positions (Self-Extend, dual chunk attention) need "
                        + "causal attention with plain scores");
            }
            RopeTable table = ropes.of(rotary).orElseThrow();
            return (ops, x, q, k, v, pass, states) -> ops.apply(new RelativeAttention(q, k, v,
                    states.keyValues(place, 0), pass.runs(), shape, table, relative.positions()));
        }
        Weight learned = spec.scores() instanceof Scores.Sinks ? weights.get(place, Role.SINKS) : Weight.ABSENT;
        return (ops, x, q, k, v, pass, states) -> pass.hidesTokens()
                ? hiding(ops, q, k, v, states.keyValues(place, 0), pass, shape)
                : ops.attention(q, k, v, states.keyValues(place, 0), pass.runs(), shape, learned);
    }

    /// Attention to the tokens that are not hidden.
    private static Tensor hiding(Ops ops, Tensor q, Tensor k, Tensor v, KeyValueState state, Pass pass,
            AttentionShape shape) {
        if (shape.numParameters() > 0) {
            throw new IllegalArgumentException("attention with learned scores cannot hide tokens");
        }
        int[] kept = pass.attendedTokens();
        return ops.crossAttention(q, pass.runs(), ops.select(k, kept, kept.length),
                ops.select(v, kept, kept.length), pass.attendedRuns(), state, shape);
    }

    private static Mixing windowed(WindowedAttention spec, Place place) {
        AttentionShape shape = shape(spec.attention());
        return (ops, x, q, k, v, pass, states) ->
                ops.attention(q, k, v, states.keyValues(place, 0), pass.windows(), shape, Weight.ABSENT);
    }

    /// Full attention while the sequence fits the window, then sparse attention by position lists.
    private static Mixing strided(StridedAttention pattern, Place place, Mixing full) {
        AttentionShape shape = shape(pattern.attention());
        return (ops, x, q, k, v, pass, states) -> {
            AttendedPositions lists = new AttendedPositions();
            boolean all = true;
            for (int n = 0; n < pass.numTokens(); n++) {
                int position = pass.positions()[n];
                int count = pattern.count(position);
                all &= count == position + 1;
                lists.add(count);
                for (int i = 0; i < count; i++) {
                    lists.set(n, i, pattern.seen(position, i));
                }
            }
            return all ? full.mix(ops, x, q, k, v, pass, states) : ops.apply(new SparseAttention(q, k, v,
                    states.keyValues(place, 0), pass.runs(), lists, shape));
        };
    }

    private static Step clip(QkNorm.Clipped clipped) {
        return (ops, x) -> ops.apply(new Clamp(x, clipped.limit()));
    }

    private static Step rotatedNorm(Attention spec, Weights weights, Place place, Role role) {
        return switch (spec.norm()) {
            case QkNorm.Rotated(glia.model.spec.Norm.UnitRms unit) ->
                    (ops, x) -> ops.apply(UnitNorm.rms(x, spec.headSize(), unit.eps()));
            case QkNorm.Rotated(glia.model.spec.Norm.Rms rms) -> rms(rms, weights.get(place, role));
            default -> Step.NOTHING;
        };
    }

    private static Step norm(QkNorm norm, int headSize, int numHeads, Weights weights, Place place, Role role) {
        return switch (norm) {
            case QkNorm.None none -> Step.NOTHING;
            case QkNorm.Rotated rotated -> Step.NOTHING;
            case QkNorm.Clipped clipped -> {
                Step first = norm(clipped.first(), headSize, numHeads, weights, place, role);
                yield (ops, x) -> clip(clipped).apply(ops, first.apply(ops, x));
            }
            case QkNorm.Heads heads -> rms(heads.norm(), weights.get(place, role));
            case QkNorm.Layers layers -> {
                Weight w = weights.get(place, role);
                Weight b = weights.get(place, role == Role.QUERY_NORM ? Role.QUERY_NORM_BIAS : Role.KEY_NORM_BIAS);
                yield (ops, x) -> ops.apply(new RepeatedBias(ops.rmsNorm(ops.apply(new Center(x, headSize)), w,
                        layers.norm().eps(), layers.norm().offset()), b));
            }
            case QkNorm.Whole whole -> rms(whole.norm(), weights.get(place, role));
            case QkNorm.HeadLayers layers when layers.isApart() -> {
                Weight[] w = new Weight[numHeads];
                Arrays.setAll(w, head -> weights.get(place, role, head));
                yield (ops, x) -> {
                    Tensor normed = x;
                    for (int head = 0; head < w.length; head++) {
                        Tensor own = ops.layerNorm(ops.apply(SliceColumns.of(x, head * headSize, headSize)), w[head],
                                layers.eps());
                        normed = head == 0 ? own : ops.apply(new ConcatColumns(normed, own, 1, false));
                    }
                    return normed;
                };
            }
            case QkNorm.HeadLayers layers -> {
                Weight w = weights.get(place, role);
                Step normed = (ops, x) -> ops.apply(new GroupRmsNorm(ops.apply(new Center(x, headSize)), w,
                        x.cols() / headSize, layers.eps()));
                if (!layers.biased()) {
                    yield normed;
                }
                Weight b = weights.get(place, role == Role.QUERY_NORM ? Role.QUERY_NORM_BIAS : Role.KEY_NORM_BIAS);
                yield (ops, x) -> ops.addBias(normed.apply(ops, x), b);
            }
        };
    }

    private static Step rms(glia.model.spec.Norm.Rms norm, Weight weight) {
        return (ops, x) -> ops.rmsNorm(x, weight, norm.eps(), norm.offset());
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor[] projected = projections.forward(ops, x);
        Tensor queries = projected[0];
        Tensor q = queryNorm.apply(ops, half(ops, queries, 0));
        q = rotatedQueryNorm.apply(ops, rotate(ops, q, pass));
        q = LatentAttentionBlock.QueryTemperature.apply(temperature, ops, q, pass);
        Tensor k = keyNorm.apply(ops, projected[1]);
        k = rotatedKeyNorm.apply(ops, rotate(ops, k, pass));
        Tensor v = valueStep.apply(ops, projected[2]);
        Tensor mixed = mixing.mix(ops, x, q, k, v, pass, states);
        Tensor result = switch (gating) {
            case NONE -> mixed;
            case SIGMOID -> ops.apply(new SigmoidGate(mixed, half(ops, queries, 1)));
            case PROJECTED, BIASED, BY_HEAD -> ops.apply(new SigmoidGate(mixed, gate.forward(ops, x, pass, states)));
        };
        return output.forward(ops, outputNorm.forward(ops, result, pass, states), pass, states);
    }

    /// The queries of all heads, or their gates.
    private Tensor half(Ops ops, Tensor queries, int which) {
        int size = shape.keySize();
        return switch (gating) {
            case NONE, PROJECTED, BIASED, BY_HEAD -> queries;
            case SIGMOID -> ops.apply(new SliceColumns(queries, 2 * size, which * size, size));
        };
    }

    private Tensor rotate(Ops ops, Tensor x, Pass pass) {
        return rope.isEmpty() ? x : ops.rotate(x, shape.keySize(), rope.get(), pass.runs().positions());
    }
}
