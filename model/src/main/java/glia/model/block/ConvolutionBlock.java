package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.Place;
import glia.model.spec.Role;
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
        return (ops, x, pass, states) -> ops.activate(ops.apply(
                new CausalConvolution(x, w, b, states.recurrence(place, index), pass.runs())), spec.activation());
    }
}
