package glia.model.block;

import glia.model.spec.Place;
import glia.model.spec.RelativeAttention;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;

/// `W_o · attend(W_q x, W_k x, W_v x)` with relative position biases.
final class RelativeAttentionBlock implements Block {
    private final Place place;
    private final AttentionShape shape;
    private final Weight query;
    private final Weight key;
    private final Weight value;
    private final Weight output;
    private final Weight distances;

    RelativeAttentionBlock(RelativeAttention spec, Weights weights, Place place) {
        this.place = place;
        shape = new AttentionShape(spec.numHeads(), spec.numHeads(), spec.headSize(), spec.headSize(), 1, spec.span(),
                spec.buckets());
        query = weights.get(place, Role.QUERY);
        key = weights.get(place, Role.KEY);
        value = weights.get(place, Role.VALUE);
        output = weights.get(place, Role.OUTPUT);
        distances = weights.get(Place.of(spec.tableOwner()), Role.DISTANCES);
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor mixed = ops.attention(ops.linear(x, query), ops.linear(x, key), ops.linear(x, value),
                states.keyValues(place, 0), pass.runs(), shape, distances);
        return ops.linear(mixed, output);
    }
}
