package glia.model.block;

import glia.model.spec.Injected;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.ops.row.Sum;

/// `mixer(norm(x + source(x)))`.
final class InjectedBlock {
    private InjectedBlock() { }

    static Block of(Injected spec, Mixers mixers, Place place) {
        Block source = mixers.of(spec.source(), new Place(place.sublayer(), 1));
        Place at = new Place(place.sublayer(), 2);
        Block norm = NormBlock.of(spec.norm(), mixers.weights(), at, Role.BEFORE_WEIGHT, Role.BEFORE_BIAS);
        Block mixer = mixers.of(spec.mixer(), at);
        return (ops, x, pass, states) -> mixer.forward(ops, norm.forward(ops, ops.apply(
                new Sum(x, 1, source.forward(ops, x, pass, states), 1)), pass, states), pass, states);
    }
}
