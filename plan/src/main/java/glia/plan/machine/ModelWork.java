package glia.plan.machine;

import glia.model.cost.TokenCost;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Parameters;
import glia.model.spec.Role;
import glia.plan.predict.Shape;

/// What a prompt and a step of a model cost.
final class ModelWork {
    private ModelWork() { }

    /// The bytes of a stored weight.
    interface Sizes {
        double bytes(Parameter parameter, long[] shape);
    }

    /// FLOPs of a token in the middle of a prompt, whose logits are not computed.
    static double prompt(ModelSpec spec, int tokens) {
        return TokenCost.operations(spec.withHead(Head.ABSENT), tokens / 2);
    }

    /// FLOPs of a generated token at a position.
    static double step(ModelSpec spec, int position) {
        return TokenCost.operations(spec, position);
    }

    /// Bytes of weights that a step of a batch reads, of experts those that the batch chooses.
    static double read(ModelSpec spec, double batch, Sizes sizes) {
        return read(spec, Shape.of(spec), batch, sizes);
    }

    static double read(ModelSpec spec, Shape shape, double batch, Sizes sizes) {
        double experts = shape.expertsRead(batch);
        double[] sum = {0};
        Parameters.forEach(spec, (p, lengths) -> {
            if (lengths.length > 1 && p.sublayer() < spec.sublayers().size() && spec.towerOf(p.place()) < 0
                    && isRead(spec, p)) {
                sum[0] += sizes.bytes(p, lengths) * (p.expert() >= 0 ? experts : 1);
            }
        });
        return sum[0];
    }

    private static boolean isRead(ModelSpec spec, Parameter p) {
        return switch (p.role()) {
            case EMBEDDING -> spec.head().matrix() == Head.Matrix.TIED;
            case LAYER_EMBEDDING, NGRAM_TABLE, POSITIONS -> false;
            default -> p.role() != Role.HEAD || spec.head().matrix() == Head.Matrix.SEPARATE;
        };
    }

    /// Bytes of all weights.
    static double all(ModelSpec spec, Sizes sizes) {
        double[] sum = {0};
        Parameters.forEach(spec, (p, shape) -> sum[0] += sizes.bytes(p, shape));
        return sum[0];
    }
}
