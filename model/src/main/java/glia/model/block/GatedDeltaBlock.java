package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.GatedDeltaNet;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.kernel.Activation;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Elementwise.Sigmoid;
import glia.tensor.ops.row.Columns.SliceColumns;
import glia.tensor.ops.row.Norms.UnitNorm;
import glia.tensor.ops.row.Scales.SigmoidGate;
import glia.tensor.ops.scan.CausalConvolution;
import glia.tensor.ops.scan.GatedDelta;
import glia.tensor.ops.scan.LogDecay;
import java.util.Optional;

/// Gated DeltaNet (https://arxiv.org/abs/2412.06464): with `[q|k|v] = SiLU(convolve(W_qkv x))`, `z = W_z x`,
/// `β = σ(W_b x)`, possibly times 2, and `g = A · softplus(W_a x + bias)`,
/// `W_o · (norm(delta(‖q‖, ‖k‖, v, g, β)) · SiLU(z))`.
final class GatedDeltaBlock implements Block {
    /// Epsilon of the L2 norms.
    static final float LENGTH_EPS = 1e-6f;

    /// The projected input: q, k and v after their convolution, z, b and a.
    private record Inputs(Tensor[] heads, Tensor gate, Tensor beta, Tensor step) { }

    /// The input projections and convolutions.
    private interface Reader {
        Inputs of(Ops ops, Tensor x, Pass pass, States states);
    }

    private final GatedDeltaNet spec;
    private final Place place;
    private final Reader reader;
    private final Weight stepBias;
    private final Weight rate;
    private final Weight norm;
    private final Weight output;

    GatedDeltaBlock(GatedDeltaNet spec, Weights weights, Place place) {
        this.spec = spec;
        this.place = place;
        reader = reader(weights);
        stepBias = weights.get(place, Role.STEPS_OFFSET);
        rate = weights.get(place, Role.DECAY);
        norm = weights.get(place, Role.GATED_NORM);
        output = weights.get(place, Role.OUTPUT);
    }

    private Reader reader(Weights weights) {
        if (spec.inputs() == GatedDeltaNet.Inputs.APART) {
            ConvolutionBlock.Apart heads = ConvolutionBlock.Apart.of(spec.convolution(), weights, place);
            Projections others = Projections.of(weights, place, Role.GATE, Role.BETA, Role.STEPS);
            return (ops, x, pass, states) -> {
                Tensor[] y = others.forward(ops, x);
                return new Inputs(heads.forward(ops, x, pass, states), y[0], y[1], y[2]);
            };
        }
        Weight input = weights.get(place, Role.INPUT);
        Block convolution = ConvolutionBlock.of(spec.convolution(), weights, place, 0);
        return switch (spec.inputs()) {
            case SEPARATE -> {
                Weight gate = weights.get(place, Role.GATE);
                Weight beta = weights.get(place, Role.BETA);
                Weight step = weights.get(place, Role.STEPS);
                yield (ops, x, pass, states) -> new Inputs(
                        split(ops, convolution.forward(ops, ops.linear(x, input), pass, states)), ops.linear(x, gate),
                        ops.linear(x, beta), ops.linear(x, step));
            }
            case GATES_BY_KEY_HEAD -> {
                Weight gate = weights.get(place, Role.GATE);
                Weight both = weights.get(place, Role.BETA_AND_STEPS);
                yield (ops, x, pass, states) -> {
                    Tensor y = ops.linear(x, both);
                    return new Inputs(split(ops, convolution.forward(ops, ops.linear(x, input), pass, states)),
                            ops.linear(x, gate), half(ops, y, 0), half(ops, y, 1));
                };
            }
            case BY_KEY_HEAD -> {
                Weight both = weights.get(place, Role.BETA_AND_STEPS);
                yield (ops, x, pass, states) -> {
                    Tensor y = ops.linear(x, both);
                    Tensor[] mixed = byKeyHead(ops, ops.linear(x, input));
                    return new Inputs(split(ops, convolution.forward(ops, mixed[0], pass, states)), mixed[1],
                            half(ops, y, 0), half(ops, y, 1));
                };
            }
            case APART -> throw new IllegalStateException();
        };
    }

    /// q, k and v of their concatenation.
    private Tensor[] split(Ops ops, Tensor mixed) {
        int keys = spec.keysSize();
        return new Tensor[] {ops.apply(SliceColumns.of(mixed, 0, keys)), ops.apply(SliceColumns.of(mixed, keys, keys)),
            ops.apply(SliceColumns.of(mixed, 2 * keys, spec.valuesSize()))};
    }

    /// The columns of β, or of the steps, of each key head.
    private Tensor half(Ops ops, Tensor both, int which) {
        int ratio = spec.numValueHeads() / spec.numKeyHeads();
        return ops.apply(new SliceColumns(both, 2 * ratio, which * ratio, ratio));
    }

    /// `[q|k|v]` and z.
    private Tensor[] byKeyHead(Ops ops, Tensor y) {
        int key = spec.keySize();
        int values = spec.valuesSize() / spec.numKeyHeads();
        int group = 2 * key + 2 * values;
        Tensor q = ops.apply(new SliceColumns(y, group, 0, key));
        Tensor k = ops.apply(new SliceColumns(y, group, key, key));
        Tensor v = ops.apply(new SliceColumns(y, group, 2 * key, values));
        Tensor z = ops.apply(new SliceColumns(y, group, 2 * key + values, values));
        Tensor mixed = ops.apply(new ConcatColumns(ops.apply(new ConcatColumns(q, k, 1, false)), v, 1, false));
        return new Tensor[] {mixed, z};
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Inputs in = reader.of(ops, x, pass, states);
        Tensor q = ops.apply(UnitNorm.length(in.heads[0], spec.keySize(), LENGTH_EPS));
        Tensor k = ops.apply(UnitNorm.length(in.heads[1], spec.keySize(), LENGTH_EPS));
        Tensor decay = ops.apply(new LogDecay(in.step, rate, spec.decay(), stepBias));
        Tensor beta = ops.apply(new Sigmoid(in.beta));
        int last = spec.caches().size() - 1;
        Tensor heads = ops.apply(new GatedDelta(q, k, in.heads[2], decay,
                spec.strongest() == 1 ? beta : ops.scale(beta, spec.strongest()), spec.numKeyHeads(), spec.order(),
                (float) (1 / Math.sqrt(spec.keySize())), states.recurrence(place, last), pass.runs()));
        Tensor normed = ops.rmsNorm(heads, norm, spec.eps(), 0);
        return ops.linear(switch (spec.gate()) {
            case SILU -> ops.gated(in.gate, normed, Activation.SILU);
            case SIGMOID -> ops.apply(new SigmoidGate(normed, in.gate));
        }, output);
    }

    /// The causal convolution before a recurrence.
    static final class ConvolutionBlock {
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

        /// Queries, keys and values, each of a projection and a convolution of its own. Their states are the first
        /// three of the mixer's caches.
        interface Apart {
            Tensor[] forward(Ops ops, Tensor x, Pass pass, States states);

            static Apart of(Convolution spec, Weights weights, Place place) {
                Projections maps = Projections.of(weights, place, Role.QUERY, Role.KEY, Role.VALUE);
                Role[] roles = {Role.QUERY_CONVOLUTION, Role.KEY_CONVOLUTION, Role.VALUE_CONVOLUTION};
                Block[] convolutions = new Block[roles.length];
                for (int i = 0; i < roles.length; i++) {
                    convolutions[i] =
                            ConvolutionBlock.of(spec, weights.get(place, roles[i]), Optional.empty(), place, i);
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
}
