package glia.model.block;

import glia.model.spec.GatedDeltaNet;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.ConcatColumns;
import glia.tensor.ops.row.Sigmoid;
import glia.tensor.ops.row.SliceColumns;
import glia.tensor.ops.row.UnitNorm;
import glia.tensor.ops.scan.GatedDelta;
import glia.tensor.ops.scan.LogDecay;

/// Gated DeltaNet (https://arxiv.org/abs/2412.06464): with `[q|k|v] = SiLU(convolve(W_qkv x))`, `z = W_z x`,
/// `β = σ(W_b x)` and `g = A · softplus(W_a x + bias)`,
/// `W_o · (norm(delta(‖q‖, ‖k‖, v, g, β)) · SiLU(z))`.
final class GatedDeltaBlock implements Block {
    /// Epsilon of the L2 norms.
    private static final float LENGTH_EPS = 1e-6f;

    /// The projected input: `[q|k|v]`, z, b and a.
    private record Inputs(Tensor mixed, Tensor gate, Tensor beta, Tensor step) { }

    /// An input projection.
    private interface Projections {
        Inputs of(Ops ops, Tensor x);
    }

    private final GatedDeltaNet spec;
    private final Place place;
    private final Projections projections;
    private final Block convolution;
    private final Weight stepBias;
    private final Weight rate;
    private final Weight norm;
    private final Weight output;

    GatedDeltaBlock(GatedDeltaNet spec, Weights weights, Place place) {
        this.spec = spec;
        this.place = place;
        projections = projections(weights);
        convolution = ConvolutionBlock.of(spec.convolution(), weights, place, 0);
        stepBias = weights.get(place, Role.STEPS_OFFSET);
        rate = weights.get(place, Role.DECAY);
        norm = weights.get(place, Role.GATED_NORM);
        output = weights.get(place, Role.OUTPUT);
    }

    private Projections projections(Weights weights) {
        Weight input = weights.get(place, Role.INPUT);
        return switch (spec.inputs()) {
            case SEPARATE -> {
                Weight gate = weights.get(place, Role.GATE);
                Weight beta = weights.get(place, Role.BETA);
                Weight step = weights.get(place, Role.STEPS);
                yield (ops, x) -> new Inputs(ops.linear(x, input), ops.linear(x, gate), ops.linear(x, beta),
                        ops.linear(x, step));
            }
            case GATES_BY_KEY_HEAD -> {
                Weight gate = weights.get(place, Role.GATE);
                Weight both = weights.get(place, Role.BETA_AND_STEPS);
                yield (ops, x) -> {
                    Tensor y = ops.linear(x, both);
                    return new Inputs(ops.linear(x, input), ops.linear(x, gate), half(ops, y, 0), half(ops, y, 1));
                };
            }
            case BY_KEY_HEAD -> {
                Weight both = weights.get(place, Role.BETA_AND_STEPS);
                yield (ops, x) -> {
                    Tensor y = ops.linear(x, both);
                    return inputs(ops, ops.linear(x, input), half(ops, y, 0), half(ops, y, 1));
                };
            }
        };
    }

    /// The columns of β, or of the steps, of each key head.
    private Tensor half(Ops ops, Tensor both, int which) {
        int ratio = spec.numValueHeads() / spec.numKeyHeads();
        return ops.apply(new SliceColumns(both, 2 * ratio, which * ratio, ratio));
    }

    private Inputs inputs(Ops ops, Tensor y, Tensor beta, Tensor step) {
        int key = spec.keySize();
        int values = spec.valuesSize() / spec.numKeyHeads();
        int group = 2 * key + 2 * values;
        Tensor q = ops.apply(new SliceColumns(y, group, 0, key));
        Tensor k = ops.apply(new SliceColumns(y, group, key, key));
        Tensor v = ops.apply(new SliceColumns(y, group, 2 * key, values));
        Tensor z = ops.apply(new SliceColumns(y, group, 2 * key + values, values));
        Tensor mixed = ops.apply(new ConcatColumns(ops.apply(new ConcatColumns(q, k, 1, false)), v, 1, false));
        return new Inputs(mixed, z, beta, step);
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Inputs in = projections.of(ops, x);
        Tensor mixed = convolution.forward(ops, in.mixed, pass, states);
        int keys = spec.keysSize();
        Tensor q = ops.apply(UnitNorm.length(ops.apply(SliceColumns.of(mixed, 0, keys)), spec.keySize(), LENGTH_EPS));
        Tensor k = ops.apply(UnitNorm.length(ops.apply(SliceColumns.of(mixed, keys, keys)), spec.keySize(),
                LENGTH_EPS));
        Tensor v = ops.apply(SliceColumns.of(mixed, 2 * keys, spec.valuesSize()));
        Tensor decay = ops.apply(new LogDecay(in.step, rate, spec.decay(), stepBias));
        Tensor heads = ops.apply(new GatedDelta(q, k, v, decay, ops.apply(new Sigmoid(in.beta)), spec.numKeyHeads(),
                spec.order(), (float) (1 / Math.sqrt(spec.keySize())), states.recurrence(place, 1), pass.runs()));
        Tensor normed = ops.rmsNorm(heads, norm, spec.eps(), 0);
        return ops.linear(ops.gated(in.gate, normed, Activation.SILU), output);
    }
}
