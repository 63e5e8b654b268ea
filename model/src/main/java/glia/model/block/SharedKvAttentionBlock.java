package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.SharedKvAttention;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.RopeTable;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import java.util.Optional;

/// Attention over the keys and values of an earlier layer (see `SharedKvAttention`).
final class SharedKvAttentionBlock implements Block {
    private final SharedKvAttention spec;
    private final AttentionShape shape;
    private final Block query;
    private final Block output;
    private final Weight queryNorm;
    private final Optional<RopeTable> rope;

    SharedKvAttentionBlock(SharedKvAttention spec, Weights weights, Place place, RopeTables ropes) {
        this.spec = spec;
        shape = new AttentionShape(spec.numHeads(), spec.numKeyValueHeads(), spec.headSize(), spec.headSize(), 1,
                spec.span());
        boolean bias = spec.bias() != Bias.NONE;
        query = Projection.of(weights, place, Role.QUERY, Role.QUERY_BIAS, bias);
        output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, bias);
        queryNorm = weights.get(place, Role.QUERY_NORM);
        rope = ropes.of(spec.rope());
    }

    /// The earlier layer's cache has the keys and values of this pass already; appending them again changes nothing.
    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor q = ops.rmsNorm(query.forward(ops, x, pass, states), queryNorm, spec.eps(), 0);
        q = rope.isEmpty() ? q : ops.rotate(q, shape.keySize(), rope.get(), pass.runs().positions());
        CrossLayer.Attended earlier = pass.crossLayer().attended(spec.followed());
        Tensor mixed = ops.attention(q, earlier.keys(), earlier.values(), states.keyValues(spec.followed(), 0),
                pass.runs(), shape);
        return output.forward(ops, mixed, pass, states);
    }
}
