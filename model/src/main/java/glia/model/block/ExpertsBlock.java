package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.CompressedExperts;
import glia.model.spec.Experts;
import glia.model.spec.Mixer.HashedExperts;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Compute;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.expert.ExpertLinear;
import glia.tensor.ops.expert.ExpertMlp;
import glia.tensor.ops.expert.LimitedGate;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router;
import glia.tensor.ops.expert.Routing;
import glia.tensor.ops.row.Scales.SigmoidGate;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// A mixture of experts: `Σ_j w_j · expert_j(x)` over the experts that the router selects for a token, plus the shared
/// expert, if there is one.
final class ExpertsBlock implements Block {
    private final Place place;
    private final Router router;
    private final ExpertMlp.Weighting weighting;
    private final Block logits;
    private final Optional<ExpertTable> table;
    private final Optional<Weight> correction;
    private final ExpertMlp.Experts experts;
    private final Optional<Weight> constant;
    private final Optional<Block> shared;
    private final Block compression;
    private final Block expansion;

    ExpertsBlock(Experts spec, Weights weights, Place place) {
        this(spec, weights, place, (ops, x, pass, states) -> x, (ops, x, pass, states) -> x);
    }

    /// Experts in a smaller dimension, `expansion(experts(compression(x)))`.
    static ExpertsBlock of(CompressedExperts spec, Weights weights, Place place) {
        boolean biased = spec.bias() != Bias.NONE;
        return new ExpertsBlock(spec.experts(), weights, place,
                Projection.of(weights, place, Role.EXPERT_INPUT, Role.EXPERT_INPUT_BIAS, biased),
                Projection.of(weights, place, Role.EXPERT_OUTPUT, Role.EXPERT_OUTPUT_BIAS, biased));
    }

    /// Experts that a table chooses by the token.
    static ExpertsBlock of(HashedExperts spec, Weights weights, Place place) {
        Block same = (ops, x, pass, states) -> x;
        return new ExpertsBlock(spec.experts(), weights, place, same, same,
                Optional.of(new ExpertTable(weights.get(place, Role.ROUTER_TABLE))));
    }

    private ExpertsBlock(Experts spec, Weights weights, Place place, Block compression, Block expansion) {
        this(spec, weights, place, compression, expansion, Optional.empty());
    }

    private ExpertsBlock(Experts spec, Weights weights, Place place, Block compression, Block expansion,
            Optional<ExpertTable> table) {
        this.place = place;
        this.table = table;
        this.compression = compression;
        this.expansion = expansion;
        router = spec.router();
        weighting = spec.weighting();
        logits = Projection.of(weights, place, Role.ROUTER, Role.ROUTER_BIAS, spec.bias() != Bias.NONE);
        correction = router.correction() == Router.Correction.NONE ? Optional.empty()
                : Optional.of(weights.get(place, Role.ROUTER_CORRECTION));
        experts = experts(spec, weights, place);
        constant = spec.shared() instanceof Experts.Shared.Constant
                ? Optional.of(weights.get(place, Role.SHARED_DOWN_BIAS)) : Optional.empty();
        shared = switch (spec.shared()) {
            case Experts.Shared.None none -> Optional.empty();
            case Experts.Shared.Constant constant -> Optional.empty();
            case Experts.Shared.Plain plain -> Optional.of(
                    mlp(spec.form(), weights, place, plain.bias() != Bias.NONE));
            case Experts.Shared.Gated gated -> {
                Block mlp = mlp(spec.form(), weights, place, false);
                Weight scale = weights.get(place, Role.SHARED_SCALE);
                yield Optional.of((ops, x, pass, states) ->
                        ops.apply(new SigmoidGate(mlp.forward(ops, x, pass, states), ops.linear(x, scale))));
            }
        };
    }

    /// The routed experts.
    static ExpertMlp.Experts experts(Experts spec, Weights weights, Place place) {
        return new ExpertMlp.Experts(spec.form(),
                spec.form().isGated() ? bank(spec, weights, place, Role.GATE, Role.GATE_BIAS) : ExpertLinear.NONE,
                bank(spec, weights, place, Role.UP, Role.UP_BIAS),
                bank(spec, weights, place, Role.DOWN, Role.DOWN_BIAS));
    }

    private static ExpertLinear bank(Experts spec, Weights weights, Place place, Role weight, Role bias) {
        return new ExpertLinear(each(spec, weights, place, weight),
                spec.bias() == Bias.NONE ? List.of() : each(spec, weights, place, bias));
    }

    private static List<Weight> each(Experts spec, Weights weights, Place place, Role role) {
        return IntStream.range(0, spec.numExperts()).mapToObj(e -> weights.get(place, role, e)).toList();
    }

    /// The shared expert.
    private static Block mlp(MlpForm form, Weights weights, Place place, boolean biased) {
        Block up = Projection.of(weights, place, Role.SHARED_UP, Role.SHARED_UP_BIAS, biased);
        Block down = Projection.of(weights, place, Role.SHARED_DOWN, Role.SHARED_DOWN_BIAS, biased);
        return switch (form) {
            case MlpForm.Gated gated -> {
                Block gate = Projection.of(weights, place, Role.SHARED_GATE, Role.SHARED_GATE_BIAS, biased);
                yield (ops, x, pass, states) -> down.forward(ops, ops.gated(gate.forward(ops, x, pass, states),
                        up.forward(ops, x, pass, states), gated.activation()), pass, states);
            }
            case MlpForm.SoftCapped _ -> throw new IllegalArgumentException("a shared expert with soft caps");
            case MlpForm.Plain plain -> (ops, x, pass, states) -> down.forward(ops,
                    ops.activate(up.forward(ops, x, pass, states), plain.activation()), pass, states);
            case MlpForm.Limited limited -> {
                Block gate = Projection.of(weights, place, Role.SHARED_GATE, Role.SHARED_GATE_BIAS, biased);
                yield (ops, x, pass, states) -> down.forward(ops, ops.apply(new LimitedGate(
                        gate.forward(ops, x, pass, states), up.forward(ops, x, pass, states), limited)), pass, states);
            }
        };
    }

    @Override
    public Tensor forward(Ops ops, Tensor x, Pass pass, States states) {
        Tensor scores = logits.forward(ops, x, pass, states);
        Routing routing = table.isPresent()
                ? new Routing(scores, router, table.get().of(pass.tokens(), pass.numTokens()))
                : new Routing(scores, router, correction);
        Tensor weights = ops.apply(routing);
        pass.crossLayer().addRouted(place, scores, routing);
        Tensor in = compression.forward(ops, x, pass, states);
        Tensor y = expansion.forward(ops, ops.apply(new ExpertMlp(in, weights, routing, experts, weighting)), pass,
                states);
        if (constant.isPresent()) {
            return ops.addBias(y, constant.get());
        }
        return shared.isEmpty() ? y : ops.residual(y, shared.get().forward(ops, x, pass, states), 1);
    }

    /// The experts of each token, `[V, k]`.
    record ExpertTable(Weight weight) {
        /// The experts of some tokens, one token after the other.
        int[] of(int[] tokens, int count) {
            Tensor table = Compute.stored(weight);
            int[] experts = new int[count * table.cols()];
            for (int i = 0; i < experts.length; i++) {
                experts[i] = (int) table.get((long) tokens[i / table.cols()] * table.cols() + i % table.cols());
            }
            return experts;
        }
    }
}
