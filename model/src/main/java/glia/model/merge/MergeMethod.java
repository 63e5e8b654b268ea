package glia.model.merge;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.util.List;

/// How tensors of several models become one. All tensors are F32 of one shape.
public sealed interface MergeMethod permits Linear, Slerp, Ties {
    /// The weights of the models.
    List<Double> weights();

    /// Whether the method works on differences from a base model.
    boolean needsBase();

    /// Computes a tensor.
    ///
    /// @param result receives the values; for a method with a base it holds those of the base
    /// @param models the tensors of the models; may be overwritten
    void merge(Tensor result, List<Tensor> models);

    /// Checks that there is a weight for each model.
    ///
    /// @throws IllegalArgumentException if not, or if a weight is not finite
    static void requireWeights(List<Double> weights) {
        if (weights.isEmpty()) {
            throw new IllegalArgumentException("there is no model to merge");
        }
        for (double w : weights) {
            if (!Double.isFinite(w)) {
                throw new IllegalArgumentException("the weight " + w + " of a model is not a finite number");
            }
        }
    }

    /// The value at a flat index of an F32 tensor.
    static float get(Tensor t, long i) {
        return Memory.f32(t.address() + 4 * i);
    }

    /// Sets the value at a flat index of an F32 tensor.
    static void set(Tensor t, long i, double value) {
        Memory.f32(t.address() + 4 * i, (float) value);
    }
}
