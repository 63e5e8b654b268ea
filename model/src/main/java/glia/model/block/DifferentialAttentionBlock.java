package glia.model.block;

import glia.model.spec.Attention;
import glia.model.spec.DifferentialAttention;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.RopeTable;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.attention.HeadDifference;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Norms.UnitNorm;
import java.util.Optional;

/// Differential attention (see `DifferentialAttention`).
final class DifferentialAttentionBlock implements Block {
    private final DifferentialAttention spec;
    private final Place place;
    private final Projections projections;
    private final Block output;
    private final Weight[] lambda;
    private final AttentionShape shape;
    private final Optional<RopeTable> rope;

    DifferentialAttentionBlock(DifferentialAttention spec, Weights weights, Place place, RopeTables ropes) {
        this.spec = spec;
        this.place = place;
        Attention a = spec.attention();
        Projections maps = Projections.of(weights, place, Role.QUERY, Role.KEY, Role.VALUE);
        projections = a.bias().ofInputs() ? maps.with(weights, place, Role.QUERY_BIAS, Role.KEY_BIAS, Role.VALUE_BIAS)
                : maps;
        output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, a.bias().ofOutput());
        lambda = new Weight[] {weights.get(place, Role.FIRST_QUERY), weights.get(place, Role.FIRST_KEY),
                weights.get(place, Role.SECOND_QUERY), weights.get(place, Role.SECOND_KEY)};
        shape = new AttentionShape(a.numHeads(), a.numKeyValueHeads(), a.headSize(), 2 * a.headSize(), a.scale(),
                a.span());
        rope = ropes.of(a.rope());
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor[] projected = projections.forward(ops, x);
        Tensor mixed = ops.attention(rotate(ops, projected[0], pass), rotate(ops, projected[1], pass),
                pairs(ops, projected[2]), states.keyValues(place, 0), pass.runs(), shape);
        Tensor difference = ops.apply(new HeadDifference(mixed, lambda[0], lambda[1], lambda[2], lambda[3],
                spec.first()));
        Tensor normed = ops.apply(UnitNorm.rms(difference, shape.valueSize(), spec.eps()));
        return output.forward(ops, ops.scale(normed, 1 - spec.first()), pass, states);
    }

    /// The pairs (j, j + K/2), twice: `[N, K·E]` to `[N, K·2E]`.
    private Tensor pairs(Ops ops, Tensor v) {
        int half = v.cols() / 2;
        Tensor pairs = ops.apply(new ConcatColumns(ops.apply(SliceColumns.of(v, 0, half)),
                ops.apply(SliceColumns.of(v, half, half)), shape.numKeyValueHeads() / 2, false));
        return ops.apply(new ConcatColumns(pairs, pairs, 1, false));
    }

    private Tensor rotate(Ops ops, Tensor x, Pass pass) {
        return rope.isEmpty() ? x : ops.rotate(x, shape.keySize(), rope.get(), pass.runs().positions());
    }
}
