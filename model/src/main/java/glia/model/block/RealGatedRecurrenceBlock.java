package glia.model.block;

import glia.model.spec.Place;
import glia.model.spec.RealGatedRecurrence;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.PerHeadLinear.HeadWeights;
import glia.tensor.ops.row.PerHeadLinear;
import glia.tensor.ops.row.PerHeadLinear.Direction;
import glia.tensor.ops.scan.CausalConvolution;
import glia.tensor.ops.scan.RealGatedScan;
import java.util.Optional;

/// The recurrent mixer of Griffin (https://arxiv.org/abs/2402.19427): `out(scan(u, i, r) ⊙ f(gate(x)))` with
/// `u = conv(in(x))` and the gates i and r block-diagonal maps of u.
final class RealGatedRecurrenceBlock implements Block {
    private final RealGatedRecurrence spec;
    private final Place place;
    private final Block gate;
    private final Block input;
    private final Block output;
    private final Weight convolution;
    private final Weight convolutionBias;
    private final HeadWeights inputGate;
    private final Weight inputBias;
    private final HeadWeights forgetGate;
    private final Weight forgetBias;
    private final Weight rate;

    RealGatedRecurrenceBlock(RealGatedRecurrence spec, Weights weights, Place place) {
        this.spec = spec;
        this.place = place;
        gate = Projection.of(weights, place, Role.GATE, Role.GATE_BIAS, true);
        input = Projection.of(weights, place, Role.INPUT, Role.INPUT_BIAS, true);
        output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, true);
        convolution = weights.get(place, Role.CONVOLUTION);
        convolutionBias = weights.get(place, Role.CONVOLUTION_BIAS);
        inputGate = new HeadWeights(weights.get(place, Role.INPUT_GATE), spec.numBlocks(), 0, spec.blockSize());
        inputBias = weights.get(place, Role.INPUT_GATE_BIAS);
        forgetGate = new HeadWeights(weights.get(place, Role.FORGET_GATE), spec.numBlocks(), 0, spec.blockSize());
        forgetBias = weights.get(place, Role.FORGET_GATE_BIAS);
        rate = weights.get(place, Role.DECAY);
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor y = gate.forward(ops, x, pass, states);
        Tensor u = ops.apply(new CausalConvolution(input.forward(ops, x, pass, states), convolution,
                Optional.of(convolutionBias), states.recurrence(place, 0), pass.runs()));
        Tensor h = ops.apply(new RealGatedScan(u, blocks(ops, u, inputGate, inputBias),
                blocks(ops, u, forgetGate, forgetBias), rate, states.recurrence(place, 1), pass.runs()));
        return output.forward(ops, ops.gated(y, h, spec.activation()), pass, states);
    }

    /// The matrices have inputs as rows.
    private static Tensor blocks(Ops ops, Tensor u, HeadWeights w, Weight b) {
        return ops.addBias(ops.apply(new PerHeadLinear(u, w, Direction.TRANSPOSED)), b);
    }
}
