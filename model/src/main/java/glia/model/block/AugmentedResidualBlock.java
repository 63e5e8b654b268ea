package glia.model.block;

import glia.model.spec.AugmentedResidual;
import glia.model.spec.Norm;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Sum;

/// `x + norm(B A x)` (see `AugmentedResidual`).
final class AugmentedResidualBlock implements Block {
    private final Block down;
    private final Block up;
    private final Norm.Rms rms;
    private final Weight norm;

    AugmentedResidualBlock(AugmentedResidual spec, Weights weights, Place place) {
        down = Projection.of(weights, place, Role.DOWN, Role.DOWN_BIAS, false);
        up = Projection.of(weights, place, Role.UP, Role.UP_BIAS, false);
        rms = spec.norm();
        norm = weights.get(place, Role.RESIDUAL_NORM);
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor low = up.forward(ops, down.forward(ops, x, pass, states), pass, states);
        return ops.apply(new Sum(x, 1, ops.rmsNorm(low, norm, rms.eps(), rms.offset()), 1));
    }
}
