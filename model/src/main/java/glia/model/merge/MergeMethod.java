package glia.model.merge;

import glia.tensor.Memory;
import glia.tensor.Tensor;
import java.util.List;

/// How tensors of several models become one. All tensors are F32 of one shape.
public sealed interface MergeMethod {
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

    /// The weighted mean of models, `Σ wᵢ θᵢ / Σ wᵢ` (model soups, https://arxiv.org/abs/2203.05482).
    ///
    /// @param weights their sum is not 0
    record Linear(List<Double> weights) implements MergeMethod {
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

    /// Spherical linear interpolation of two models, each tensor as one vector: with the angle
    /// `φ = acos(a·b / ‖a‖‖b‖)` and
    /// `t = w₂ / (w₁ + w₂)`, `sin((1-t)φ)/sin φ · a + sin(tφ)/sin φ · b` (Shoemake,
    /// https://doi.org/10.1145/325334.325242). Vectors that are nearly parallel, `|cos φ| > 0.9995`, are interpolated
    /// linearly, as in mergekit.
    ///
    /// @param weights two, not negative, not both 0
    record Slerp(List<Double> weights) implements MergeMethod {
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

    /// TIES merging (https://arxiv.org/abs/2306.01708) of differences from a base model, tensor by tensor:
    /// 1. trim: keep the `density · n` largest of the n differences of a model, set the others to 0;
    /// 2. elect: the sign of a number is that of the weighted sum of its differences;
    /// 3. merge: add the weighted mean of the differences with that sign to the base.
    ///
    /// A sum of 0 elects the positive sign. Of equal magnitudes the first are kept.
    ///
    /// @param density more than 0, at most 1; at least one number of each tensor is kept
    record Ties(List<Double> weights, double density) implements MergeMethod {
        /// The density of the paper.
        public static final double DENSITY = 0.2;

        private static final int BUCKETS = 1 << 16;

        public Ties {
            MergeMethod.requireWeights(weights);
            weights = List.copyOf(weights);
            if (!(density > 0 && density <= 1)) {
                throw new IllegalArgumentException("the density is " + density
                        + ", expected more than 0 and at most 1");
            }
        }

        @Override
        public boolean needsBase() {
            return true;
        }

        @Override
        public void merge(Tensor result, List<Tensor> models) {
            for (Tensor model : models) {
                for (long i = 0; i < result.size(); i++) {
                    MergeMethod.set(model, i, MergeMethod.get(model, i) - MergeMethod.get(result, i));
                }
                trim(model);
            }
            for (long i = 0; i < result.size(); i++) {
                MergeMethod.set(result, i, MergeMethod.get(result, i) + difference(models, i));
            }
        }

        /// The weighted mean of the differences with the elected sign.
        private double difference(List<Tensor> models, long i) {
            double elected = 0;
            for (int m = 0; m < models.size(); m++) {
                elected += weights.get(m) * MergeMethod.get(models.get(m), i);
            }
            double sign = elected >= 0 ? 1 : -1;
            double sum = 0;
            double total = 0;
            for (int m = 0; m < models.size(); m++) {
                double d = weights.get(m) * MergeMethod.get(models.get(m), i);
                if (d * sign > 0) {
                    sum += d;
                    total += weights.get(m);
                }
            }
            return total == 0 ? 0 : sum / total;
        }

        /// Sets all but the largest magnitudes to 0.
        private void trim(Tensor t) {
            long keep = Math.max(1, (long) (density * t.size()));
            if (keep >= t.size()) {
                return;
            }
            // The bits of positive numbers are in the order of the numbers: first by the upper half, then by the lower.
            long[] counts = new long[BUCKETS];
            for (long i = 0; i < t.size(); i++) {
                counts[bits(t, i) >>> 16]++;
            }
            int upper = BUCKETS - 1;
            long left = keep;
            while (counts[upper] < left) {
                left -= counts[upper--];
            }
            counts = new long[BUCKETS];
            for (long i = 0; i < t.size(); i++) {
                if (bits(t, i) >>> 16 == upper) {
                    counts[bits(t, i) & 0xffff]++;
                }
            }
            int lower = BUCKETS - 1;
            while (counts[lower] < left) {
                left -= counts[lower--];
            }
            int threshold = upper << 16 | lower;
            for (long i = 0; i < t.size(); i++) {
                int bits = bits(t, i);
                boolean isKept = bits > threshold || bits == threshold && left-- > 0;
                if (!isKept) {
                    MergeMethod.set(t, i, 0);
                }
            }
        }

        private static int bits(Tensor t, long i) {
            return Float.floatToRawIntBits(MergeMethod.get(t, i)) & 0x7fffffff;
        }
    }
}
