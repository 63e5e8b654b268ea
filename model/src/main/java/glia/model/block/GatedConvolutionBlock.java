package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.GatedConvolution;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.ElementwiseBinary;
import glia.tensor.ops.row.ElementwiseBinary.Function;
import glia.tensor.ops.row.SliceColumns;
import glia.tensor.ops.scan.CausalConvolution;
import java.util.Optional;

/// A short convolution between two gates (https://arxiv.org/abs/2511.23404): `out(c ⊙ conv(b ⊙ u))` with
/// `[b|c|u] = in(x)`.
final class GatedConvolutionBlock {
    private GatedConvolutionBlock() { }

    static Block of(GatedConvolution spec, Weights weights, Place place) {
        boolean biased = spec.bias() != Bias.NONE;
        Block input = Projection.of(weights, place, Role.INPUT, Role.INPUT_BIAS, biased);
        Block output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, biased);
        Weight w = weights.get(place, Role.CONVOLUTION);
        Optional<Weight> b = biased ? Optional.of(weights.get(place, Role.CONVOLUTION_BIAS)) : Optional.empty();
        int width = spec.width();
        return (ops, x, pass, states) -> {
            Tensor y = input.forward(ops, x, pass, states);
            Tensor first = ops.apply(SliceColumns.of(y, 0, width));
            Tensor second = ops.apply(SliceColumns.of(y, width, width));
            Tensor gated = ops.apply(new ElementwiseBinary(Function.TIMES, first,
                    ops.apply(SliceColumns.of(y, 2 * width, width))));
            Tensor convolved = ops.apply(
                    new CausalConvolution(gated, w, b, states.recurrence(place, 0), pass.runs()));
            return output.forward(ops, ops.apply(new ElementwiseBinary(Function.TIMES, second, convolved)), pass,
                    states);
        };
    }
}
