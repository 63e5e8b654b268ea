package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.Classes;
import glia.model.spec.Head;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.logits.LogitHead;
import glia.tensor.ops.logits.LogitRule;
import glia.tensor.ops.row.Elementwise.SoftCap;
import java.lang.foreign.Arena;
import java.util.Optional;

/// `rule(W · transform(h) + b)`: `[N, D]` to logits `[N, V]`; without a head, hidden states are returned as they
/// are.
final class HeadBlock {
    private final Head spec;
    private final Block transform;
    private final Block product;
    private final Optional<Weight> weight;
    private final Optional<Weight> bias;
    /// Created at first use; generation does not need it.
    private Optional<LogitHead> parts = Optional.empty();

    HeadBlock(Head spec, Weights weights) {
        this.spec = spec;
        if (spec.matrix() == Head.Matrix.ABSENT) {
            transform = (ops, x, pass, states) -> x;
            product = transform;
            weight = Optional.empty();
            bias = Optional.empty();
            return;
        }
        transform = transform(spec.transform(), weights);
        Role matrix = spec.matrix() == Head.Matrix.TIED ? Role.EMBEDDING : Role.HEAD;
        boolean isBiased = spec.bias() != Bias.NONE;
        product = Projection.of(weights, Place.WHOLE, matrix, Role.HEAD_BIAS, isBiased);
        weight = Optional.of(weights.get(Place.WHOLE, matrix));
        bias = isBiased ? Optional.of(weights.get(Place.WHOLE, Role.HEAD_BIAS))
                : spec.logits() instanceof Head.Logits.Masked masked ? Optional.of(lowest(masked, weight.get().rows()))
                : Optional.empty();
    }

    /// A constant bias that makes logits the lowest.
    private static Weight lowest(Head.Logits.Masked masked, int count) {
        Tensor all = Tensor.allocate(Arena.ofAuto(), DType.F32, count);
        masked.tokens().forEach(token -> all.set(token, -Float.MAX_VALUE));
        return new Weight.Stored(all);
    }

    private static Block transform(Head.Transform transform, Weights weights) {
        return switch (transform) {
            case Head.Transform.None none -> (ops, x, pass, states) -> x;
            case Head.Transform.Linear _ ->
                    Projection.of(weights, Place.WHOLE, Role.TRANSFORM, Role.TRANSFORM_BIAS, false);
            case Head.Transform.Dense dense -> {
                Block product = Projection.of(weights, Place.WHOLE, Role.TRANSFORM, Role.TRANSFORM_BIAS,
                        dense.bias() != Bias.NONE);
                Block norm = NormBlock.of(dense.norm(), weights, Place.WHOLE, Role.TRANSFORM_NORM_WEIGHT,
                        Role.TRANSFORM_NORM_BIAS);
                yield (ops, x, pass, states) -> norm.forward(ops,
                        ops.activate(product.forward(ops, x, pass, states), dense.activation()), pass, states);
            }
        };
    }

    Optional<Classes> classes() {
        return spec.classes();
    }

    /// The logits of hidden states.
    Tensor forward(Ops ops, Tensor hidden, Pass pass, States states) {
        Tensor input = transform(ops, hidden, pass, states);
        if (spec.classes().isPresent()) {
            input = ops.dropout(input, Ops.Dropped.HEAD, 0);
        }
        Tensor z = product.forward(ops, input, pass, states);
        return switch (spec.logits()) {
            case Head.Logits.Plain plain -> z;
            case Head.Logits.Masked masked -> ops.addBias(z, bias.orElseThrow());
            case Head.Logits.Scaled scaled -> ops.scale(z, scaled.factor());
            case Head.Logits.Capped capped -> ops.apply(new SoftCap(z, capped.cap()));
        };
    }

    /// The input of the head's matrix, `transform(h)`.
    Tensor transform(Ops ops, Tensor hidden, Pass pass, States states) {
        return transform.forward(ops, hidden, pass, states);
    }

    /// The head, computed in blocks of the vocabulary.
    ///
    /// @throws IllegalArgumentException if the model has no head
    LogitHead parts() {
        if (parts.isEmpty()) {
            Weight w = weight.filter(any -> spec.predictsTokens()).orElseThrow(() -> new IllegalArgumentException(
                    "the model has no head that gives probabilities of tokens; it ends with "
                    + (spec.classes().isPresent() ? "scores of classes"
                    : spec.vectorSize().isPresent() ? "vectors of tokens" : "hidden states")));
            LogitRule rule = switch (spec.logits()) {
                case Head.Logits.Plain _, Head.Logits.Masked _ -> LogitRule.PLAIN;
                case Head.Logits.Scaled scaled -> new LogitRule(scaled.factor(), Float.POSITIVE_INFINITY);
                case Head.Logits.Capped capped -> new LogitRule(1, capped.cap());
            };
            parts = Optional.of(new LogitHead(w, bias, rule));
        }
        return parts.get();
    }
}
