package glia.model.block;

import glia.model.spec.Norm;
import glia.model.spec.Role;
import glia.tensor.ops.Weight;

/// A norm, or nothing.
final class NormBlock {
    private NormBlock() { }

    static Block of(Norm norm, Weights weights, int sublayer, Role weight, Role bias) {
        return switch (norm) {
            case Norm.None none -> (ops, x, pass, states) -> x;
            case Norm.Rms rms -> {
                Weight w = weights.get(sublayer, weight);
                yield (ops, x, pass, states) -> ops.rmsNorm(x, w, rms.eps(), rms.offset());
            }
            case Norm.Layer layer -> {
                Weight w = weights.get(sublayer, weight);
                Weight b = weights.get(sublayer, bias);
                yield (ops, x, pass, states) -> ops.layerNorm(x, w, b, layer.eps());
            }
        };
    }
}
