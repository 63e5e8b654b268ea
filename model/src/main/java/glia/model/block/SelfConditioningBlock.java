package glia.model.block;

import glia.model.spec.Diffusion.SelfConditioning;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.WeightedRows;

/// `down(f(gate(n)) ⊙ up(n))`, `n = norm(scale · p E)`, of the probabilities p of the pass; zeros without them.
final class SelfConditioningBlock implements Block {
    private final SelfConditioning spec;
    private final Weight embedding;
    private final Weight norm;
    private final Projections maps;
    private final Block down;

    SelfConditioningBlock(SelfConditioning spec, Weights weights, Place place) {
        this.spec = spec;
        embedding = weights.get(Place.WHOLE, Role.EMBEDDING);
        norm = weights.get(place, Role.SUB_NORM);
        maps = Projections.of(weights, place, Role.GATE, Role.UP);
        down = Projection.of(weights, place, Role.DOWN, Role.DOWN_BIAS, false);
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        if (pass.probabilities().isEmpty()) {
            return ops.scale(x, 0);
        }
        Tensor mean = ops.scale(ops.apply(new WeightedRows(pass.probabilities().get(), embedding)), spec.scale());
        Tensor[] projected = maps.forward(ops, ops.rmsNorm(mean, norm, spec.eps(), 0));
        return down.forward(ops, ops.gated(projected[0], projected[1], spec.activation()), pass, states);
    }
}
