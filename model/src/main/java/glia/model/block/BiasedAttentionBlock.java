package glia.model.block;

import glia.model.spec.BiasedAttention;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Norms.LengthLimit;
import glia.tensor.ops.row.Norms.UnitNorm;
import glia.tensor.ops.row.Scales.ScaledRows;
import glia.tensor.ops.row.Scales.SigmoidGate;
import glia.tensor.ops.row.Scales.WeightedColumns;
import glia.tensor.ops.row.Sums.Sum;
import glia.tensor.ops.scan.CausalConvolution;
import glia.tensor.ops.scan.DynamicConvolution;
import java.util.List;
import java.util.Optional;

/// Attention with mixed biases by distance (see the spec's `BiasedAttention`).
final class BiasedAttentionBlock implements Block {
    private final BiasedAttention spec;
    private final Place place;
    private final Weights weights;
    private final AttentionShape shape;
    /// The norms of the inputs of queries, keys and values; one if they share it.
    private final List<Weight> norms;

    BiasedAttentionBlock(BiasedAttention spec, Weights weights, Place place) {
        this.spec = spec;
        this.place = place;
        this.weights = weights;
        shape = new AttentionShape(spec.numHeads(), spec.numKeyValueHeads(), spec.headSize(), spec.headSize(),
                (float) (1 / Math.sqrt(spec.headSize())), spec.span());
        norms = (spec.full().isEmpty() ? List.of(Role.QUERY_INPUT_NORM)
                : List.of(Role.QUERY_INPUT_NORM, Role.KEY_INPUT_NORM, Role.VALUE_INPUT_NORM)).stream()
                .map(this::weight).toList();
    }

    private Weight weight(Role role) {
        return weights.get(place, role);
    }

    /// @param x `[N, D]`, or `[N, 3·D]` with the inputs of queries, keys and values
    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor in = input(ops, x, 0);
        Tensor q = limited(ops, in, Role.QUERY, Role.QUERY_SCALE, spec.headSize(), spec.keyLimit(), pass);
        Tensor r = limited(ops, in, Role.DISTANCE_QUERY, Role.DISTANCE_SCALE, spec.biasSize(), spec.biasLimit(), pass);
        Tensor k = convolved(ops, input(ops, x, 1), Role.KEY, Role.KEY_CONVOLUTION, Role.KEY_TAPS, 1, pass, states);
        Tensor v = convolved(ops, input(ops, x, 2), Role.VALUE, Role.VALUE_CONVOLUTION, Role.VALUE_TAPS, 2, pass,
                states);
        k = ops.apply(new LengthLimit(k, spec.headSize(), spec.keyLimit()));
        v = ops.apply(UnitNorm.rms(v, spec.headSize(), spec.eps()));
        Tensor mixed = ops.apply(new glia.tensor.ops.attention.BiasedAttention(q, k, v, r,
                ops.linear(in, weight(Role.SINKS)), weight(Role.DISTANCES), states.keyValues(place, 0), pass.runs(),
                shape));
        return ops.linear(ops.apply(new SigmoidGate(mixed, ops.linear(in, weight(Role.ATTENTION_GATE)))),
                weight(Role.OUTPUT));
    }

    /// The normalized input of queries, keys or values.
    private Tensor input(Ops ops, Tensor x, int which) {
        int size = weight(Role.QUERY).cols();
        Tensor own = x.cols() == size ? x : ops.apply(SliceColumns.of(x, which * size, size));
        return ops.rmsNorm(own, norms.get(norms.size() == 1 ? 0 : which), spec.eps(), 0);
    }

    /// `g(position) · limit(scale ⊙ W x)`.
    private Tensor limited(Ops ops, Tensor in, Role map, Role scale, int size, float limit, Pass pass) {
        Tensor y = ops.apply(new LengthLimit(ops.apply(new WeightedColumns(ops.linear(in, weight(map)),
                weight(scale))), size, limit));
        if (spec.full().isEmpty()) {
            return y;
        }
        float[] factors = new float[pass.numTokens()];
        for (int n = 0; n < factors.length; n++) {
            factors[n] = spec.full().get().at(pass.positions()[n]);
        }
        return ops.apply(new ScaledRows(y, factors));
    }

    private Tensor convolved(Ops ops, Tensor in, Role map, Role convolution, Role taps, int cache, Pass pass,
            States states) {
        Tensor y = ops.linear(in, weight(map));
        Tensor c = ops.apply(spec.full().isEmpty()
                ? new CausalConvolution(y, weight(convolution), Optional.empty(), states.recurrence(place, cache),
                        pass.runs())
                : new DynamicConvolution(y, ops.linear(in, weight(taps)), weight(convolution),
                        states.recurrence(place, cache), pass.runs()));
        float factor = (float) (1 / Math.sqrt((spec.full().isEmpty() ? 1 : 2) * spec.kernel() + 1));
        return ops.apply(new Sum(c, factor, y, factor));
    }

    /// `Mixer.Convolved`.
    static Block convolved(glia.model.spec.Mixer.Convolved spec, Block inner, Weights weights, Place place) {
        Weight w = weights.get(place, Role.CONVOLUTION);
        float factor = (float) (1 / Math.sqrt(spec.kernel() + 1));
        int cache = spec.mixer().caches().size();
        return (ops, x, pass, states) -> {
            Tensor y = inner.forward(ops, x, pass, states);
            Tensor c = ops.apply(new CausalConvolution(y, w, Optional.empty(), states.recurrence(place, cache),
                    pass.runs()));
            return ops.apply(new Sum(c, factor, y, factor));
        };
    }
}
