package glia.model.block;

import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import java.util.Arrays;
import java.util.Optional;

/// Several projections of the same input, such as queries, keys and values, or gate and up, computed together to save
/// time. Biases are optional.
final class Projections {
    private final Weight[] weights;
    /// Absent where a projection has none.
    private final Optional<Weight[]> biases;

    private Projections(Weight[] weights, Optional<Weight[]> biases) {
        this.weights = weights;
        this.biases = biases;
    }

    static Projections of(Weights weights, Place place, Role... roles) {
        return new Projections(get(weights, place, roles), Optional.empty());
    }

    /// The same with biases.
    Projections with(Weights weights, Place place, Role... roles) {
        return new Projections(this.weights, Optional.of(get(weights, place, roles)));
    }

    /// The same with biases, except of projection `without`.
    Projections with(Weights weights, Place place, int without, Role... roles) {
        Weight[] biases = Arrays.stream(roles).map(role -> role == roles[without] ? Weight.ABSENT
                : weights.get(place, role)).toArray(Weight[]::new);
        return new Projections(this.weights, Optional.of(biases));
    }

    private static Weight[] get(Weights weights, Place place, Role... roles) {
        return Arrays.stream(roles).map(role -> weights.get(place, role)).toArray(Weight[]::new);
    }

    /// The results, in the order of the projections.
    Tensor[] forward(Ops ops, Tensor x) {
        Tensor[] ys = ops.linear(x, weights);
        for (int i = 0; i < ys.length && biases.isPresent(); i++) {
            Weight bias = biases.get()[i];
            ys[i] = bias == Weight.ABSENT ? ys[i] : ops.addBias(ys[i], bias);
        }
        return ys;
    }
}
