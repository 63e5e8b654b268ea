package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.NormedAttention;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.RopeTable;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Norms.UnitNorm;
import java.util.Optional;

/// Attention with norms of queries, keys and values (see `NormedAttention`).
final class NormedAttentionBlock implements Block {
    private final Place place;
    private final NormedAttention spec;
    private final AttentionShape shape;
    private final Block query;
    private final Block key;
    private final Optional<Block> value;
    private final Block output;
    private final Weight queryNorm;
    private final Weight keyNorm;
    private final Optional<RopeTable> rope;
    private final boolean isFollowed;

    /// @param isFollowed whether later layers share its keys and values
    NormedAttentionBlock(NormedAttention spec, Weights weights, Place place, RopeTables ropes, boolean isFollowed) {
        this.place = place;
        this.spec = spec;
        shape = new AttentionShape(spec.numHeads(), spec.numKeyValueHeads(), spec.headSize(), spec.headSize(), 1,
                spec.span());
        boolean bias = spec.bias() != Bias.NONE;
        query = Projection.of(weights, place, Role.QUERY, Role.QUERY_BIAS, bias);
        key = Projection.of(weights, place, Role.KEY, Role.KEY_BIAS, bias);
        value = switch (spec.values()) {
            case PROJECTION -> Optional.of(Projection.of(weights, place, Role.VALUE, Role.VALUE_BIAS, bias));
            case KEYS -> Optional.empty();
        };
        output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, bias);
        queryNorm = weights.get(place, Role.QUERY_NORM);
        keyNorm = weights.get(place, Role.KEY_NORM);
        rope = ropes.of(spec.rope());
        this.isFollowed = isFollowed;
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor q = ops.rmsNorm(query.forward(ops, x, pass, states), queryNorm, spec.eps(), 0);
        Tensor projected = key.forward(ops, x, pass, states);
        Tensor v = value.isEmpty() ? projected : value.get().forward(ops, x, pass, states);
        v = ops.apply(UnitNorm.rms(v, spec.headSize(), spec.eps()));
        Tensor k = rotate(ops, ops.rmsNorm(projected, keyNorm, spec.eps(), 0), pass);
        if (isFollowed) {
            pass.crossLayer().attended(place, k, v);
        }
        Tensor mixed = ops.attention(rotate(ops, q, pass), k, v, states.keyValues(place, 0),
                pass.runs(), shape);
        return output.forward(ops, mixed, pass, states);
    }

    private Tensor rotate(Ops ops, Tensor x, Pass pass) {
        return rope.isEmpty() ? x : ops.rotate(x, shape.keySize(), rope.get(), pass.runs().positions());
    }
}
