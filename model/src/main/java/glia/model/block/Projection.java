package glia.model.block;

import glia.model.spec.Role;
import glia.tensor.ops.Weight;

/// A linear map, with a bias where the spec has one.
final class Projection {
    private Projection() { }

    static Block of(Weights weights, int sublayer, Role weight, Role bias, boolean hasBias) {
        Weight w = weights.get(sublayer, weight);
        if (!hasBias) {
            return (ops, x, pass, states) -> ops.linear(x, w);
        }
        Weight b = weights.get(sublayer, bias);
        return (ops, x, pass, states) -> ops.addBias(ops.linear(x, w), b);
    }
}
