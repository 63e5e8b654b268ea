package glia.model.block;

import glia.model.spec.CrossAttention;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Ops;

/// `W_o · attend(W_q x, W_k s, W_v s)` over the hidden states s of the source. Keys and values are computed once per
/// source and cached.
final class CrossAttentionBlock implements Block {
    private final Place place;
    private final AttentionShape shape;
    private final Block query;
    private final Block key;
    private final Block value;
    private final Block output;

    CrossAttentionBlock(CrossAttention spec, Weights weights, Place place) {
        this.place = place;
        shape = new AttentionShape(spec.numHeads(), spec.numHeads(), spec.headSize(), spec.headSize(), spec.scale(),
                new Span.Bidirectional());
        boolean bias = spec.bias().ofInputs();
        query = Projection.of(weights, place, Role.QUERY, Role.QUERY_BIAS, bias);
        key = Projection.of(weights, place, Role.KEY, Role.KEY_BIAS, bias);
        value = Projection.of(weights, place, Role.VALUE, Role.VALUE_BIAS, bias);
        output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, spec.bias().ofOutput());
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor q = query.forward(ops, x, pass, states);
        Tensor k = key.forward(ops, pass.crossLayer().encoded(), pass, states);
        Tensor v = value.forward(ops, pass.crossLayer().encoded(), pass, states);
        Tensor mixed = ops.crossAttention(q, pass.runs(), k, v, pass.source().runs(), states.keyValues(place, 0),
                shape);
        return output.forward(ops, mixed, pass, states);
    }
}
