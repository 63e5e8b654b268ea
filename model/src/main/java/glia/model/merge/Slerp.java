package glia.model.merge;

import glia.tensor.Tensor;
import java.util.List;

/// Spherical linear interpolation of two models, each tensor as one vector: with the angle `φ = acos(a·b / ‖a‖‖b‖)` and
/// `t = w₂ / (w₁ + w₂)`, `sin((1-t)φ)/sin φ · a + sin(tφ)/sin φ · b` (Shoemake,
/// https://doi.org/10.1145/325334.325242). Vectors that are nearly parallel, `|cos φ| > 0.9995`, are interpolated
/// linearly, as in mergekit.
///
/// @param weights two, not negative, not both 0
public record Slerp(List<Double> weights) implements MergeMethod {
    private static final double PARALLEL = 0.9995;
    /// Shorter vectors have no direction.
    private static final double SHORTEST = 1e-8;

    public Slerp {
        MergeMethod.requireWeights(weights);
        weights = List.copyOf(weights);
        if (weights.size() != 2) {
            throw new IllegalArgumentException("slerp merges two models, not " + weights.size());
        }
        if (weights.get(0) < 0 || weights.get(1) < 0 || weights.get(0) + weights.get(1) == 0) {
            throw new IllegalArgumentException("the weights of slerp are " + weights
                    + "; expected two numbers of at least 0, not both 0");
        }
    }

    @Override
    public boolean needsBase() {
        return false;
    }

    @Override
    public void merge(Tensor result, List<Tensor> models) {
        Tensor a = models.get(0);
        Tensor b = models.get(1);
        double t = weights.get(1) / (weights.get(0) + weights.get(1));
        double cos = dot(a, b) / (length(a) * length(b));
        double first = 1 - t;
        double second = t;
        if (Math.abs(cos) <= PARALLEL) {
            double angle = Math.acos(cos);
            first = Math.sin((1 - t) * angle) / Math.sin(angle);
            second = Math.sin(t * angle) / Math.sin(angle);
        }
        for (long i = 0; i < result.size(); i++) {
            MergeMethod.set(result, i, first * MergeMethod.get(a, i) + second * MergeMethod.get(b, i));
        }
    }

    private static double length(Tensor v) {
        double norm = Math.sqrt(dot(v, v));
        return norm > SHORTEST ? norm : 1;
    }

    private static double dot(Tensor a, Tensor b) {
        double sum = 0;
        for (long i = 0; i < a.size(); i++) {
            sum += (double) MergeMethod.get(a, i) * MergeMethod.get(b, i);
        }
        return sum;
    }
}
