package glia.model.merge;

import glia.tensor.Tensor;
import java.util.List;

/// TIES merging (https://arxiv.org/abs/2306.01708) of differences from a base model, tensor by tensor:
/// 1. trim: keep the `density · n` largest of the n differences of a model, set the others to 0;
/// 2. elect: the sign of a number is that of the weighted sum of its differences;
/// 3. merge: add the weighted mean of the differences with that sign to the base.
///
/// A sum of 0 elects the positive sign. Of equal magnitudes the first are kept.
///
/// @param density more than 0, at most 1; at least one number of each tensor is kept
public record Ties(List<Double> weights, double density) implements MergeMethod {
    /// The density of the paper.
    public static final double DENSITY = 0.2;

    private static final int BUCKETS = 1 << 16;

    public Ties {
        MergeMethod.requireWeights(weights);
        weights = List.copyOf(weights);
        if (!(density > 0 && density <= 1)) {
            throw new IllegalArgumentException("the density is " + density + ", expected more than 0 and at most 1");
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
