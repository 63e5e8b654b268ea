package glia.model.block;

import glia.model.spec.DisentangledAttention;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import java.util.Optional;

/// `W_o · attend(W_q x, W_k x, W_v x)` with keys and queries of relative positions.
final class DisentangledAttentionBlock implements Block {
    private final DisentangledAttention spec;
    private final Block query;
    private final Block key;
    private final Block value;
    private final Block output;
    private final Block positionKey;
    private final Block positionQuery;
    private final Block tableNorm;
    private final Weight table;
    private final int[] tableRows;

    DisentangledAttentionBlock(DisentangledAttention spec, Weights weights, Place place) {
        this.spec = spec;
        query = Projection.of(weights, place, Role.QUERY, Role.QUERY_BIAS, spec.bias().ofInputs());
        key = Projection.of(weights, place, Role.KEY, Role.KEY_BIAS, spec.bias().ofKeys());
        value = Projection.of(weights, place, Role.VALUE, Role.VALUE_BIAS, spec.bias().ofInputs());
        output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, spec.bias().ofOutput());
        positionKey = spec.sharesProjections() || !spec.toPosition() ? key
                : Projection.of(weights, place, Role.POSITION_KEY, Role.POSITION_KEY_BIAS, spec.bias().ofKeys());
        positionQuery = spec.sharesProjections() || !spec.fromPosition() ? query
                : Projection.of(weights, place, Role.POSITION_QUERY, Role.POSITION_QUERY_BIAS,
                        spec.bias().ofInputs());
        Place owner = Place.of(spec.tableOwner());
        table = weights.get(owner, Role.DISTANCES);
        tableNorm = NormBlock.of(spec.tableNorm(), weights, owner, Role.DISTANCES_NORM_WEIGHT,
                Role.DISTANCES_NORM_BIAS);
        tableRows = new int[table.rows()];
        for (int i = 0; i < tableRows.length; i++) {
            tableRows[i] = i;
        }
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        if (pass.hidesTokens()) {
            throw new IllegalArgumentException("disentangled attention cannot hide tokens");
        }
        Tensor q = query.forward(ops, x, pass, states);
        Tensor k = key.forward(ops, x, pass, states);
        Tensor v = value.forward(ops, x, pass, states);
        Tensor positions = tableNorm.forward(ops, ops.embed(table, tableRows, tableRows.length), pass, states);
        Optional<Tensor> keys = spec.toPosition()
                ? Optional.of(positionKey.forward(ops, positions, pass, states)) : Optional.empty();
        Optional<Tensor> queries = spec.fromPosition()
                ? Optional.of(positionQuery.forward(ops, positions, pass, states)) : Optional.empty();
        Tensor mixed = ops.apply(new glia.tensor.ops.attention.DisentangledAttention(q, k, v, Optional.empty(), keys,
                queries, pass.runs(), spec.rows(), spec.headSize(), spec.scale()));
        return output.forward(ops, mixed, pass, states);
    }
}
