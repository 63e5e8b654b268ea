package glia.model.merge;

import glia.tensor.Tensor;
import java.util.List;

/// The weighted mean of models, `Σ wᵢ θᵢ / Σ wᵢ` (model soups, https://arxiv.org/abs/2203.05482).
///
/// @param weights their sum is not 0
public record Linear(List<Double> weights) implements MergeMethod {
    public Linear {
        MergeMethod.requireWeights(weights);
        weights = List.copyOf(weights);
        if (weights.stream().mapToDouble(w -> w).sum() == 0) {
            throw new IllegalArgumentException("the weights " + weights + " have the sum 0");
        }
    }

    @Override
    public boolean needsBase() {
        return false;
    }

    @Override
    public void merge(Tensor result, List<Tensor> models) {
        double total = weights.stream().mapToDouble(w -> w).sum();
        double[] shares = weights.stream().mapToDouble(w -> w / total).toArray();
        for (long i = 0; i < result.size(); i++) {
            double sum = 0;
            for (int m = 0; m < shares.length; m++) {
                // A model of weight 0 does not count, even where it is not finite.
                sum += shares[m] == 0 ? 0 : shares[m] * MergeMethod.get(models.get(m), i);
            }
            MergeMethod.set(result, i, sum);
        }
    }
}
