package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.SelectiveStateSpace;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.scan.SelectiveScan;

/// Mamba (https://arxiv.org/abs/2312.00752): `u = conv(in_u x)`, `[r|B|C] = W u`, `Δ = W_Δ r + b_Δ`,
/// `out(scan(u, Δ, B, C) · silu(in_z x))`.
final class SelectiveStateSpaceBlock implements Block {
    private final SelectiveStateSpace spec;
    private final Place place;
    private final Block input;
    private final Block gate;
    private final Block convolution;
    private final Block steps;
    private final Block output;
    private final Block stepsNorm;
    private final Block writeNorm;
    private final Block readNorm;
    private final Weight selection;
    private final Weight decay;
    private final Weight skip;

    SelectiveStateSpaceBlock(SelectiveStateSpace spec, Weights weights, Place place) {
        this.spec = spec;
        this.place = place;
        boolean bias = spec.bias() != Bias.NONE;
        input = Projection.of(weights, place, Role.INPUT, Role.INPUT_BIAS, bias);
        gate = Projection.of(weights, place, Role.GATE, Role.GATE_BIAS, bias);
        convolution = GatedDeltaBlock.ConvolutionBlock.of(spec.convolution(), weights, place, 1);
        selection = weights.get(place, Role.SELECTION);
        stepsNorm = NormBlock.of(spec.innerNorm(), weights, place, Role.STEPS_NORM, Role.STEPS_NORM);
        writeNorm = NormBlock.of(spec.innerNorm(), weights, place, Role.WRITE_NORM, Role.WRITE_NORM);
        readNorm = NormBlock.of(spec.innerNorm(), weights, place, Role.READ_NORM, Role.READ_NORM);
        steps = Projection.of(weights, place, Role.STEPS, Role.STEPS_BIAS, true);
        decay = weights.get(place, Role.DECAY);
        skip = weights.get(place, Role.SKIP);
        output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, bias);
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor z = gate.forward(ops, x, pass, states);
        Tensor u = convolution.forward(ops, input.forward(ops, x, pass, states), pass, states);
        Tensor selected = ops.linear(u, selection);
        Tensor r = cut(ops, selected, 0, spec.stepRank(), stepsNorm, pass, states);
        Tensor b = cut(ops, selected, spec.stepRank(), spec.stateSize(), writeNorm, pass, states);
        Tensor c = cut(ops, selected, spec.stepRank() + spec.stateSize(), spec.stateSize(), readNorm, pass, states);
        Tensor y = ops.apply(new SelectiveScan(u, steps.forward(ops, r, pass, states), b, c, decay, spec.decay(), skip,
                states.recurrence(place, 0), pass.runs()));
        return output.forward(ops, ops.gated(z, y, Activation.SILU), pass, states);
    }

    private static Tensor cut(Ops ops, Tensor x, int from, int count, Block norm, Pass pass, States states) {
        return norm.forward(ops, ops.apply(SliceColumns.of(x, from, count)), pass, states);
    }
}
