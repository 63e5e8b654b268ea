package glia.model.block;

import glia.model.spec.Bias;
import glia.model.spec.Head;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.tensor.Tensor;
import glia.tensor.ops.Ops;
import glia.tensor.ops.SoftCap;

/// `rule(W · transform(h) + b)`: `[N, D]` to logits `[N, V]`; hidden states stay what they are where there is no head.
final class HeadBlock {
    private HeadBlock() { }

    static Block of(Head spec, Weights weights) {
        if (spec.matrix() == Head.Matrix.ABSENT) {
            return (ops, x, pass, states) -> x;
        }
        Block transform = transform(spec.transform(), weights);
        Role matrix = spec.matrix() == Head.Matrix.TIED ? Role.EMBEDDING : Role.HEAD;
        Block product = Projection.of(weights, Place.WHOLE, matrix, Role.HEAD_BIAS, spec.bias() != Bias.NONE);
        return (ops, x, pass, states) -> rule(spec.logits(), ops,
                product.forward(ops, transform.forward(ops, x, pass, states), pass, states));
    }

    private static Block transform(Head.Transform transform, Weights weights) {
        return switch (transform) {
            case Head.Transform.None none -> (ops, x, pass, states) -> x;
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

    private static Tensor rule(Head.Logits rule, Ops ops, Tensor logits) {
        return switch (rule) {
            case Head.Logits.Plain plain -> logits;
            case Head.Logits.Scaled scaled -> ops.scale(logits, scaled.factor());
            case Head.Logits.Capped capped -> ops.apply(new SoftCap(logits, capped.cap()));
        };
    }
}
