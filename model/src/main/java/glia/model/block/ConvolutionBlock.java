package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.scan.CausalConvolution;
import java.util.Optional;

/// The causal convolution before a recurrence.
final class ConvolutionBlock {
    private ConvolutionBlock() { }

    /// @param index the index of its state among the mixer's caches
    static Block of(Convolution spec, Weights weights, Place place, int index) {
        Weight w = weights.get(place, Role.CONVOLUTION);
        Optional<Weight> b = spec.bias() == Bias.NONE ? Optional.empty()
                : Optional.of(weights.get(place, Role.CONVOLUTION_BIAS));
        return of(spec, w, b, place, index);
    }

    private static Block of(Convolution spec, Weight w, Optional<Weight> b, Place place, int index) {
        return (ops, x, pass, states) -> ops.activate(ops.apply(
                new CausalConvolution(x, w, b, states.recurrence(place, index), pass.runs())), spec.activation());
    }

    /// Queries, keys and values, each of a projection and a convolution of its own. Their states are the first three of
    /// the mixer's caches.
    interface Apart {
        Tensor[] forward(Ops ops, Tensor x, Pass pass, States states);

        static Apart of(Convolution spec, Weights weights, Place place) {
            Projections maps = Projections.of(weights, place, Role.QUERY, Role.KEY, Role.VALUE);
            Role[] roles = {Role.QUERY_CONVOLUTION, Role.KEY_CONVOLUTION, Role.VALUE_CONVOLUTION};
            Block[] convolutions = new Block[roles.length];
            for (int i = 0; i < roles.length; i++) {
                convolutions[i] = ConvolutionBlock.of(spec, weights.get(place, roles[i]), Optional.empty(), place, i);
            }
            return (ops, x, pass, states) -> {
                Tensor[] all = maps.forward(ops, x);
                for (int i = 0; i < convolutions.length; i++) {
                    all[i] = convolutions[i].forward(ops, all[i], pass, states);
                }
                return all;
            };
        }
    }
}
