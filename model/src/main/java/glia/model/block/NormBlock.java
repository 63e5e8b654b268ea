package glia.model.block;

import glia.model.spec.Norm;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Elementwise.ElementwiseMap;
import glia.tensor.ops.row.Norms.Center;
import glia.tensor.ops.row.Norms.UnitNorm;
import glia.tensor.ops.row.Scales.WeightedColumns;

/// A norm, or the identity.
final class NormBlock {
    private NormBlock() { }

    static Block of(Norm norm, Weights weights, Place place, Role weight, Role bias) {
        return switch (norm) {
            case Norm.None none -> (ops, x, pass, states) -> x;
            case Norm.Rms rms -> {
                Weight w = weights.get(place, weight);
                yield (ops, x, pass, states) -> ops.rmsNorm(x, w, rms.eps(), rms.offset());
            }
            case Norm.BiasedRms rms -> {
                Weight w = weights.get(place, weight);
                Weight b = weights.get(place, bias);
                yield (ops, x, pass, states) -> ops.addBias(ops.rmsNorm(x, w, rms.eps(), 0), b);
            }
            case Norm.UnitRms rms -> (ops, x, pass, states) -> ops.apply(UnitNorm.rms(x, x.cols(), rms.eps()));
            case Norm.UnbiasedLayer layer -> {
                Weight w = weights.get(place, weight);
                yield (ops, x, pass, states) -> ops.layerNorm(x, w, layer.eps());
            }
            case Norm.Signed signed -> (ops, x, pass, states) ->
                    ops.apply(new ElementwiseMap(x, v -> 2 * v - 1, v -> 2));
            case Norm.Standardized standardized -> {
                Weight w = weights.get(place, weight);
                Weight b = weights.get(place, bias);
                yield (ops, x, pass, states) ->
                        ops.scale(ops.apply(new WeightedColumns(ops.addBias(ops.scale(x, -1), b), w)), -1);
            }
            case Norm.LayerScale scale -> {
                Weight w = weights.get(place, weight);
                yield (ops, x, pass, states) -> ops.apply(new WeightedColumns(x, w));
            }
            case Norm.UnitLayer layer -> (ops, x, pass, states) ->
                    ops.apply(UnitNorm.rms(ops.apply(new Center(x, x.cols())), x.cols(), layer.eps()));
            case Norm.Layer layer -> {
                Weight w = weights.get(place, weight);
                Weight b = weights.get(place, bias);
                yield layer.offset() == 0 ? (ops, x, pass, states) -> ops.layerNorm(x, w, b, layer.eps())
                        : (ops, x, pass, states) -> ops.addBias(
                                ops.rmsNorm(ops.apply(new Center(x, x.cols())), w, layer.eps(), layer.offset()), b);
            }
        };
    }
}
