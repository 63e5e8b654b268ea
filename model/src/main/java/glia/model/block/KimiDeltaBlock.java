package glia.model.block;

import glia.model.spec.KimiDelta;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Elementwise.Sigmoid;
import glia.tensor.ops.row.Scales.SigmoidGate;
import glia.tensor.ops.row.Norms.UnitNorm;
import glia.tensor.ops.scan.ChannelDelta;
import glia.tensor.ops.scan.LogDecay;

/// Kimi delta attention (https://arxiv.org/abs/2510.26692): with q, k and v of a projection and a convolution each,
/// `β = σ(W_b x)`, the log decays g of a projection f and z a projection,
/// `W_o · (norm(delta(‖q‖, ‖k‖, v, g, β)) · σ(z))`.
final class KimiDeltaBlock implements Block {
    private final KimiDelta spec;
    private final Place place;
    private final GatedDeltaBlock.ConvolutionBlock.Apart inputs;
    private final Block steps;
    private final Block gate;
    private final Weight beta;
    private final Weight offset;
    private final Weight rate;
    private final Weight norm;
    private final Weight output;

    KimiDeltaBlock(KimiDelta spec, Weights weights, Place place) {
        this.spec = spec;
        this.place = place;
        inputs = GatedDeltaBlock.ConvolutionBlock.Apart.of(spec.convolution(), weights, place);
        steps = map(weights, Role.STEPS_LATENT, Role.STEPS);
        gate = map(weights, Role.GATE_LATENT, Role.GATE);
        beta = weights.get(place, Role.BETA);
        offset = weights.get(place, Role.STEPS_OFFSET);
        rate = weights.get(place, Role.DECAY);
        norm = weights.get(place, Role.GATED_NORM);
        output = weights.get(place, Role.OUTPUT);
    }

    private Block map(Weights weights, Role down, Role up) {
        Weight b = weights.get(place, up);
        return switch (spec.gates()) {
            case FULL -> (ops, x, pass, states) -> ops.linear(x, b);
            case LOW_RANK -> {
                Weight a = weights.get(place, down);
                yield (ops, x, pass, states) -> ops.linear(ops.linear(x, a), b);
            }
        };
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor[] in = inputs.forward(ops, x, pass, states);
        Tensor q = ops.apply(UnitNorm.length(in[0], spec.headSize(), GatedDeltaBlock.LENGTH_EPS));
        Tensor k = ops.apply(UnitNorm.length(in[1], spec.headSize(), GatedDeltaBlock.LENGTH_EPS));
        Tensor f = steps.forward(ops, x, pass, states);
        Tensor decay = switch (spec.decay()) {
            case KimiDelta.Decay.Free free -> ops.apply(new LogDecay(f, rate, free.form(), offset));
            case KimiDelta.Decay.Bounded b ->
                    ops.apply(new LogDecay(f, rate, b.form(), offset, b.lowest()));
        };
        Tensor heads = ops.apply(new ChannelDelta(q, k, in[2], decay, ops.apply(new Sigmoid(ops.linear(x, beta))),
                (float) (1 / Math.sqrt(spec.headSize())), states.recurrence(place, 3), pass.runs()));
        Tensor normed = ops.rmsNorm(heads, norm, spec.eps(), 0);
        return ops.linear(ops.apply(new SigmoidGate(normed, gate.forward(ops, x, pass, states))), output);
    }
}
