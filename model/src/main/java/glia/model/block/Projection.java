package glia.model.block;

import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.ops.Weight;

/// A linear projection with an optional bias.
final class Projection {
    private Projection() { }

    static Block of(Weights weights, Place place, Role weight, Role bias, boolean hasBias) {
        Weight w = weights.get(place, weight);
        if (!hasBias) {
            return (ops, x, pass, states) -> ops.linear(x, w);
        }
        Weight b = weights.get(place, bias);
        return (ops, x, pass, states) -> ops.addBias(ops.linear(x, w), b);
    }
}
