package glia.model.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import glia.model.merge.MergeMethod.Slerp;
import glia.model.merge.MergeMethod.Ties;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Merge methods against numbers that were computed elsewhere.
class MergeMethodTest {
    private static final float[] BASE = {0.5f, -1, 2, 0.25f, -0.75f, 1.5f, 0, -2, 1, 0.125f};

    private static float[] merge(MergeMethod method, float[] base, float[]... models) {
        try (Arena arena = Arena.ofConfined()) {
            List<Tensor> tensors = new ArrayList<>();
            for (float[] model : models) {
                tensors.add(Tensor.of(arena, model, 1, model.length));
            }
            Tensor result = Tensor.of(arena, base, 1, base.length);
            method.merge(result, tensors);
            return result.toArray();
        }
    }

    @Test
    void linearIsTheWeightedMean() {
        float[] zero = new float[3];
        float[] a = {1, 2, Float.MIN_VALUE};
        float[] b = {3, -2, Float.NaN};
        assertArrayEquals(a, merge(new MergeMethod.Linear(List.of(1.0, 0.0)), zero, a, b));
        assertArrayEquals(new float[] {2.5f, -1, 0}, merge(new MergeMethod.Linear(List.of(1.0, 3.0)), zero,
                new float[] {1, 2, 0}, new float[] {3, -2, 0}));
    }

    /// By hand: `cos φ = a·b / ‖a‖‖b‖ = 0.0365148`.
    @Test
    void slerpInterpolatesOnTheSphere() {
        float[] a = {1, 2, -1, 0.5f};
        float[] b = {-0.5f, 1, 2, 1.5f};
        float[] zero = new float[4];
        assertArrayEquals(new float[] {0.34727f, 2.0836199f, 0.69454f, 1.3890799f},
                merge(new Slerp(List.of(0.5, 0.5)), zero, a, b), 1e-6f);
        assertArrayEquals(new float[] {0.7264202f, 2.2018037f, -0.1646978f, 1.018553f},
                merge(new Slerp(List.of(3.0, 1.0)), zero, a, b), 1e-6f);
        assertArrayEquals(a, merge(new Slerp(List.of(1.0, 0.0)), zero, a, b));
        // Orthogonal vectors of one length stay on the circle.
        float half = (float) Math.sqrt(0.5);
        assertArrayEquals(new float[] {half, half}, merge(new Slerp(List.of(1.0, 1.0)), new float[2],
                new float[] {1, 0}, new float[] {0, 1}), 1e-6f);
        // Parallel vectors are interpolated linearly, and so is one without a direction.
        assertArrayEquals(new float[] {1.5f, 3}, merge(new Slerp(List.of(1.0, 1.0)), new float[2],
                new float[] {1, 2}, new float[] {2, 4}), 1e-6f);
        assertArrayEquals(merge(new MergeMethod.Linear(List.of(1.0, 1.0)), zero, a, a),
                merge(new Slerp(List.of(1.0, 1.0)), zero, a, a), 1e-6f);
    }

    /// Computed by a separate program.
    @Test
    void tiesTrimsElectsAndMerges() {
        float[][] models = {
            {0.595f, 0.25f, 1.069f, 1.242f, -1.009f, 1.238f, 1.9f, -1.842f, 0.957f, 0.854f},
            {1.627f, -1.031f, 2.588f, -0.724f, -1.117f, 1.062f, -1.332f, -3.509f, -0.627f, -0.114f},
            {0.328f, -1.32f, 2.069f, -1.086f, -0.829f, 1.738f, 0.751f, -2.846f, 0.6f, -1.89f}};
        assertArrayEquals(new float[] {1.627f, 0.25f, 1.069f, -1.0136f, -0.75f, 1.5f, 1.134f, -2.9786f, 0.3546f,
            -1.89f}, merge(new Ties(List.of(1.0, 0.5, 2.0), 0.5), BASE, models), 1e-5f);
        // One model and all of its differences: the model.
        assertArrayEquals(models[0], merge(new Ties(List.of(1.0), 1), BASE, models[0]), 1e-6f);
        // One difference at least.
        assertArrayEquals(new float[] {0.5f, -1, 2, 0.25f, -0.75f, 1.5f, 1.9f, -2, 1, 0.125f},
                merge(new Ties(List.of(1.0), 0.01), BASE, models[0]), 1e-6f);
    }

    /// The number of differences that are kept is exact, with equal magnitudes, too.
    @Test
    void trimmingKeepsTheLargest() {
        Random random = new Random(5);
        for (double density : new double[] {0.1, 0.25, 0.5, 0.9, 0.999}) {
            float[] model = new float[1000];
            for (int i = 0; i < model.length; i++) {
                model[i] = (float) (random.nextInt(3) == 0 ? 0.5 * (1 - 2 * random.nextInt(2))
                        : random.nextGaussian());
            }
            float[] merged = merge(new Ties(List.of(1.0), density), new float[model.length], model);
            int kept = 0;
            float smallest = Float.MAX_VALUE;
            float largest = 0;
            for (int i = 0; i < model.length; i++) {
                if (merged[i] != 0) {
                    assertEquals(model[i], merged[i]);
                    kept++;
                    smallest = Math.min(smallest, Math.abs(model[i]));
                } else {
                    largest = Math.max(largest, Math.abs(model[i]));
                }
            }
            assertEquals((int) (density * model.length), kept);
            assertEquals(Math.max(smallest, largest), smallest, Arrays.toString(merged));
        }
    }

    @Test
    void badWeightsAreRefused() {
        for (List<Double> weights : List.of(List.<Double>of(), List.of(Double.NaN, 1.0), List.of(1.0, -1.0))) {
            assertThrows(IllegalArgumentException.class, () -> new MergeMethod.Linear(weights), weights::toString);
            assertThrows(IllegalArgumentException.class, () -> new Slerp(weights), weights::toString);
        }
        assertThrows(IllegalArgumentException.class, () -> new Slerp(List.of(1.0, 1.0, 1.0)));
        assertThrows(IllegalArgumentException.class, () -> new Slerp(List.of(0.0, 0.0)));
        assertThrows(IllegalArgumentException.class, () -> new Ties(List.of(1.0), 0));
        assertThrows(IllegalArgumentException.class, () -> new Ties(List.of(1.0), 1.5));
        assertThrows(IllegalArgumentException.class, () -> new Ties(List.of(1.0), Double.NaN));
    }
}
