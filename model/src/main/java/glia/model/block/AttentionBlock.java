package glia.model.block;

import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.RopeTable;
import glia.tensor.ops.Ops;
import java.util.Optional;

/// Multi-head and grouped-query attention (https://arxiv.org/abs/1706.03762, https://arxiv.org/abs/2305.13245):
/// `W_o · attend(rotate(norm(W_q x)), rotate(norm(W_k x)), W_v x)`.
final class AttentionBlock implements Block {
    private final Place place;
    private final AttentionShape shape;
    private final Block query;
    private final Block key;
    private final Block value;
    private final Block output;
    private final Block queryNorm;
    private final Block keyNorm;
    private final Optional<RopeTable> rope;

    AttentionBlock(Attention spec, Weights weights, Place place, RopeTables ropes) {
        this.place = place;
        shape = new AttentionShape(spec.numHeads(), spec.numKeyValueHeads(), spec.headSize(), spec.headSize(),
                spec.scale(), spec.span());
        boolean bias = spec.bias() != Bias.NONE;
        query = Projection.of(weights, place, Role.QUERY, Role.QUERY_BIAS, bias);
        key = Projection.of(weights, place, Role.KEY, Role.KEY_BIAS, bias);
        value = Projection.of(weights, place, Role.VALUE, Role.VALUE_BIAS, bias);
        output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, spec.bias() == Bias.ALL);
        queryNorm = NormBlock.of(spec.headNorm(), weights, place, Role.QUERY_NORM, Role.QUERY_NORM);
        keyNorm = NormBlock.of(spec.headNorm(), weights, place, Role.KEY_NORM, Role.KEY_NORM);
        rope = ropes.of(spec.rope());
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor q = rotate(ops, queryNorm.forward(ops, query.forward(ops, x, pass, states), pass, states), pass);
        Tensor k = rotate(ops, keyNorm.forward(ops, key.forward(ops, x, pass, states), pass, states), pass);
        Tensor v = value.forward(ops, x, pass, states);
        Tensor mixed = ops.attention(q, k, v, states.keyValues(place, 0), pass.runs(), shape);
        return output.forward(ops, mixed, pass, states);
    }

    private Tensor rotate(Ops ops, Tensor x, Pass pass) {
        return rope.isEmpty() ? x : ops.rotate(x, shape.keySize(), rope.get(), pass.runs());
    }
}
