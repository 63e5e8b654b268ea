package glia.tensor.ops.expert;

import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Operation;
import glia.tensor.ops.Tape;
import glia.tensor.ops.Weight;

/// Multiplies the routing weights `[N, k]` by a learned scale of each expert: `y[n,j] = weights[n,j] ·
/// scale[chosen[n,j]]`.
///
/// @param routing the choice of experts; its `forward` has run
/// @param scale `[X]`
public record ExpertScale(Tensor weights, Routing routing, Weight scale) implements Operation {
    public ExpertScale {
        Compute.require(weights.rows() == routing.numTokens() && weights.cols() == routing.numChosen()
                && Compute.stored(scale).size() == routing.numExperts(), "expert scale", weights, scale);
    }

    @Override
    public Tensor forward(Compute ops) {
        Tensor y = ops.allocate(weights.rows(), weights.cols());
        Tensor s = Compute.stored(scale);
        for (int i = 0; i < y.size(); i++) {
            y.set(i, weights.get(i) * s.get(routing.chosen()[i]));
        }
        return y;
    }

    @Override
    public void inputs(Inputs inputs) {
        inputs.activations(weights);
        inputs.weights(scale);
    }

    @Override
    public void backward(Tape tape, Tensor y) {
        Tensor s = Compute.stored(scale);
        Tensor dy = tape.gradient(y);
        Tensor dweights = tape.gradient(weights);
        Tensor dscale = tape.gradient(scale);
        for (int i = 0; i < y.size(); i++) {
            int expert = routing.chosen()[i];
            dweights.set(i, dweights.get(i) + dy.get(i) * s.get(expert));
            dscale.set(expert, dscale.get(expert) + dy.get(i) * weights.get(i));
        }
    }
}
