package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.SharedTransformer;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import java.util.Optional;

/// A block of attention and MLP whose weights several layers share (https://arxiv.org/abs/2411.15242):
/// `W · mlp(norm(attention(norm([x | e]))))`.
final class SharedTransformerBlock implements Block {
    /// A shared matrix and the layer's own of low rank.
    private record Adapted(Weight shared, Optional<Weight> bias, Optional<Weight> down, Optional<Weight> up) {
        Tensor of(Ops ops, Tensor x) {
            Tensor y = ops.linear(x, shared);
            if (bias.isPresent()) {
                y = ops.addBias(y, bias.get());
            }
            return down.isEmpty() ? y : ops.residual(y, ops.linear(ops.linear(x, down.get()), up.get()), 1);
        }
    }

    private final SharedTransformer spec;
    private final Place place;
    private final Weight pairNorm;
    private final Adapted query;
    private final Adapted key;
    private final Adapted value;
    private final Weight output;
    private final Weight mlpNorm;
    private final Adapted gate;
    private final Adapted up;
    private final Weight adapterDown;
    private final Weight adapterUp;
    private final Block down;
    private final Weight own;
    private final Optional<RopeTable> rope;
    private final AttentionShape shape;

    SharedTransformerBlock(SharedTransformer spec, Weights weights, Place place, RopeTables ropes) {
        this.spec = spec;
        this.place = place;
        Place first = spec.first();
        boolean biased = spec.bias() == Bias.ALL;
        pairNorm = weights.get(first, Role.PAIR_NORM);
        query = adapted(weights, Role.QUERY, Role.QUERY_DOWN, Role.QUERY_UP);
        key = adapted(weights, Role.KEY, Role.KEY_DOWN, Role.KEY_UP);
        value = adapted(weights, Role.VALUE, Role.VALUE_DOWN, Role.VALUE_UP);
        output = weights.get(first, Role.OUTPUT);
        mlpNorm = weights.get(first, Role.MLP_NORM);
        gate = plain(weights, Role.GATE, Role.GATE_BIAS, biased);
        up = plain(weights, Role.UP, Role.UP_BIAS, biased);
        adapterDown = weights.get(place, Role.MLP_DOWN);
        adapterUp = weights.get(place, Role.MLP_UP);
        down = Projection.of(weights, first, Role.DOWN, Role.DOWN_BIAS, biased);
        own = weights.get(place, Role.TRANSFORM);
        rope = ropes.of(spec.rope());
        shape = new AttentionShape(spec.numHeads(), spec.numKeyValueHeads(), spec.headSize(), spec.headSize(),
                spec.scale(), new Span.Causal());
    }

    private Adapted adapted(Weights weights, Role shared, Role down, Role up) {
        return new Adapted(weights.get(spec.first(), shared), Optional.empty(),
                spec.adapts() ? Optional.of(weights.get(place, down)) : Optional.empty(),
                spec.adapts() ? Optional.of(weights.get(place, up)) : Optional.empty());
    }

    private Adapted plain(Weights weights, Role weight, Role bias, boolean biased) {
        return new Adapted(weights.get(spec.first(), weight),
                biased ? Optional.of(weights.get(spec.first(), bias)) : Optional.empty(), Optional.empty(),
                Optional.empty());
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor pair = ops.rmsNorm(ops.apply(new ConcatColumns(x, pass.crossLayer().embedded(), 1, false)), pairNorm,
                spec.eps(), 0);
        Tensor mixed = ops.attention(rotate(ops, query.of(ops, pair), pass), rotate(ops, key.of(ops, pair), pass),
                value.of(ops, pair), states.keyValues(place, 0), pass.runs(), shape);
        Tensor y = ops.rmsNorm(ops.linear(mixed, output), mlpNorm, spec.eps(), 0);
        Tensor adapter = ops.linear(ops.linear(y, adapterDown), adapterUp);
        int width = spec.intermediateSize();
        Tensor g = ops.residual(gate.of(ops, y), ops.apply(SliceColumns.of(adapter, 0, width)), 1);
        Tensor u = ops.residual(up.of(ops, y), ops.apply(SliceColumns.of(adapter, width, width)), 1);
        return ops.linear(down.forward(ops, ops.gated(g, u, spec.activation()), pass, states), own);
    }

    private Tensor rotate(Ops ops, Tensor x, Pass pass) {
        return rope.isEmpty() ? x : ops.rotate(x, spec.headSize(), rope.get(), pass.runs().positions());
    }
}
