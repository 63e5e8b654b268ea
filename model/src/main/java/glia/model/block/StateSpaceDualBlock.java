package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.StateSpaceDual.Gating;
import glia.model.spec.StateSpaceDual.Multipliers;
import glia.model.spec.StateSpaceDual;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Norms.GroupRmsNorm;
import glia.tensor.ops.row.Scales.ScaledColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.scan.StateSpaceScan;
import java.util.Arrays;

/// Mamba 2 (https://arxiv.org/abs/2405.21060): `[u|B|C] = conv(in_c x)`,
/// `out(norm(scan(u, in_Δ x, B, C), in_z x))`.
final class StateSpaceDualBlock implements Block {
    private final StateSpaceDual spec;
    private final Place place;
    private final Block gate;
    private final Block input;
    private final Block steps;
    private final Block convolution;
    private final Block output;
    private final StateSpaceScan.HeadWeights heads;
    private final Gate gating;

    /// `norm(y, z)`.
    private interface Gate {
        Tensor apply(Ops ops, Tensor y, Tensor z);
    }

    StateSpaceDualBlock(StateSpaceDual spec, Weights weights, Place place) {
        this.spec = spec;
        this.place = place;
        boolean bias = spec.inputBias() != Bias.NONE;
        Multipliers m = spec.multipliers();
        gate = Projection.of(weights, place, Role.GATE, Role.GATE_BIAS, bias).scaled(m.z());
        input = Projection.of(weights, place, Role.INPUT, Role.INPUT_BIAS, bias);
        steps = Projection.of(weights, place, Role.STEPS, Role.STEPS_BIAS, bias).scaled(m.steps());
        convolution = scaledConvolution(GatedDeltaBlock.ConvolutionBlock.of(spec.convolution(), weights, place, 1));
        heads = new StateSpaceScan.HeadWeights(weights.get(place, Role.STEPS_OFFSET), weights.get(place, Role.DECAY),
                spec.decay(), weights.get(place, Role.SKIP));
        gating = gating(weights);
        output = Projection.of(weights, place, Role.OUTPUT, Role.OUTPUT_BIAS, spec.outputBias() != Bias.NONE);
    }

    private Block scaledConvolution(Block of) {
        Multipliers m = spec.multipliers();
        if (m.u() == 1 && m.b() == 1 && m.c() == 1) {
            return of;
        }
        float[] factors = new float[spec.convolvedSize()];
        int groups = spec.numGroups() * spec.stateSize();
        Arrays.fill(factors, 0, spec.innerSize(), m.u());
        Arrays.fill(factors, spec.innerSize(), spec.innerSize() + groups, m.b());
        Arrays.fill(factors, spec.innerSize() + groups, factors.length, m.c());
        return (ops, x, pass, states) -> of.forward(ops, ops.apply(new ScaledColumns(x, factors)), pass, states);
    }

    private Gate gating(Weights weights) {
        return switch (spec.gating()) {
            case Gating.GateOnly g -> (ops, y, z) -> ops.gated(z, y, Activation.SILU);
            case Gating.GateThenNorm g -> {
                Weight w = weights.get(place, Role.GATED_NORM);
                yield (ops, y, z) -> norm(ops, ops.gated(z, y, Activation.SILU), w, g.eps());
            }
            case Gating.NormThenGate g -> {
                Weight w = weights.get(place, Role.GATED_NORM);
                yield (ops, y, z) -> ops.gated(z, norm(ops, y, w, g.eps()), Activation.SILU);
            }
        };
    }

    private Tensor norm(Ops ops, Tensor x, Weight w, float eps) {
        return spec.numGroups() == 1 ? ops.rmsNorm(x, w, eps, 0)
                : ops.apply(new GroupRmsNorm(x, w, spec.numGroups(), eps));
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor z = gate.forward(ops, x, pass, states);
        Tensor convolved = convolution.forward(ops, input.forward(ops, x, pass, states), pass, states);
        int inner = spec.innerSize();
        int groups = spec.numGroups() * spec.stateSize();
        Tensor u = ops.apply(SliceColumns.of(convolved, 0, inner));
        Tensor b = ops.apply(SliceColumns.of(convolved, inner, groups));
        Tensor c = ops.apply(SliceColumns.of(convolved, inner + groups, groups));
        Tensor y = ops.apply(new StateSpaceScan(u, steps.forward(ops, x, pass, states), b, c, heads, spec.numGroups(),
                spec.limits(), states.recurrence(place, 0), pass.runs()));
        return output.forward(ops, gating.apply(ops, y, z), pass, states);
    }
}
