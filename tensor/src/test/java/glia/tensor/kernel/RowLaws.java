package glia.tensor.kernel;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Laws of gathers, norms and rotations.
interface RowLaws extends KernelSubject {
    @ParameterizedTest
    @MethodSource("glia.tensor.kernel.ProductLaws#realTypes")
    default void gatherDecodesTheRowsAskedFor(DType type) {
        withTwoWorkers(kernels -> {
            try (Lab lab = new Lab(1)) {
                int cols = 3 * type.blockElements();
                Tensor table = Fixtures.random(lab.arena, type, 11, cols, 5);
                float[] wide = Decode.widen(table, lab.arena).toArray();
                for (int[] ids : new int[][] {{}, {10}, {3, 3, 0, 10, 7}, new int[200]}) {
                    Tensor y = lab.output(ids.length, cols);
                    kernels.gather(y, table, ids, ids.length);
                    float[] expected = new float[ids.length * cols];
                    for (int i = 0; i < ids.length; i++) {
                        System.arraycopy(wide, ids[i] * cols, expected, i * cols, cols);
                    }
                    Fixtures.assertSameBits(expected, y.toArray());
                }
            }
        });
    }

    @Test
    default void gatherTakesTheFirstIdsOnly() {
        withTwoWorkers(kernels -> {
            try (Lab lab = new Lab(1)) {
                Tensor table = lab.normal(4, 3);
                Tensor y = lab.output(2, 3);
                kernels.gather(y, table, new int[] {2, 1, -7}, 2);
                Fixtures.assertSameBits(table.rows(2, 3).toArray(), y.rows(0, 1).toArray());
                Fixtures.assertSameBits(table.rows(1, 2).toArray(), y.rows(1, 2).toArray());
            }
        });
    }

    @Test
    default void rmsNormDividesByTheRootMeanSquare() {
        withWorkers(kernels -> {
            for (int cols : Lab.SIZES) {
                for (int rows : new int[] {0, 1, 3, 17}) {
                    try (Lab lab = new Lab(cols)) {
                        if (cols > 0) {
                            checkRmsNorm(kernels, lab, lab.normal(rows, cols), lab.normal(cols), 1e-5f, 0);
                            checkRmsNorm(kernels, lab, lab.normal(rows, cols), lab.normal(cols), 0.5f, 1);
                        }
                    }
                }
            }
            try (Lab lab = new Lab(7)) {
                checkRmsNorm(kernels, lab, lab.normal(5, 6 * 16), lab.normal(16), 1e-6f, 0);
                checkRmsNorm(kernels, lab, lab.wild(15, 5, 64), lab.normal(64), 1e-6f, 0);
                checkRmsNorm(kernels, lab, lab.of(new float[40]), lab.normal(40), 1e-6f, 0);
                checkRmsNorm(kernels, lab, lab.of(1, Float.NaN, 2), lab.normal(3), 1e-6f, 0);
            }
        });
    }

    private static void checkRmsNorm(Kernels kernels, Lab lab, Tensor x, Tensor w, float eps, float offset) {
        Tensor y = lab.output(x.shape());
        kernels.rmsNorm(y, x, w, eps, offset);
        int cols = (int) w.size();
        for (int row = 0; row < x.size() / cols; row++) {
            double squares = 0;
            for (int i = 0; i < cols; i++) {
                squares += Math.pow(x.get((long) row * cols + i), 2);
            }
            for (int i = 0; i < cols; i++) {
                double factor = ((double) w.get(i) + offset) / Math.sqrt(squares / cols + eps);
                double expected = x.get((long) row * cols + i) * factor;
                Lab.assertClose(expected, y.get((long) row * cols + i), 2e-6 * Math.abs(expected) + 1e-37, "of " + x);
            }
        }
        float[] apart = y.toArray();
        kernels.rmsNorm(x, x, w, eps, offset);
        Fixtures.assertSameBits(apart, x.toArray());
    }

    @Test
    default void layerNormGivesMeanZeroAndVarianceOne() {
        withWorkers(kernels -> {
            for (int cols : Lab.SIZES) {
                for (int rows : new int[] {0, 1, 3, 17}) {
                    try (Lab lab = new Lab(cols)) {
                        if (cols > 0) {
                            Tensor bias = lab.normal(cols);
                            checkLayerNorm(kernels, lab, lab.normal(rows, cols), lab.normal(cols), bias, 1e-5f);
                            checkLayerNorm(kernels, lab, lab.normal(rows, cols), lab.normal(cols), null, 0.5f);
                        }
                    }
                }
            }
            try (Lab lab = new Lab(7)) {
                Tensor far = lab.normal(3, 64);
                kernels.activate(far, far, Activation.RELU);
                for (long i = 0; i < far.size(); i++) {
                    far.set(i, far.get(i) + 1000);
                }
                checkLayerNorm(kernels, lab, far, lab.normal(64), lab.normal(64), 1e-5f);
                checkLayerNorm(kernels, lab, lab.of(new float[40]), lab.normal(40), lab.normal(40), 1e-6f);
                checkLayerNorm(kernels, lab, lab.of(1, Float.NaN, 2), lab.normal(3), null, 1e-6f);
            }
        });
    }

    private static void checkLayerNorm(Kernels kernels, Lab lab, Tensor x, Tensor w, Tensor b, float eps) {
        Tensor y = lab.output(x.shape());
        kernels.layerNorm(y, x, w, b, eps);
        int cols = (int) w.size();
        for (int row = 0; row < x.rows(); row++) {
            double mean = 0;
            double squares = 0;
            for (int i = 0; i < cols; i++) {
                mean += x.get((long) row * cols + i) / (double) cols;
            }
            for (int i = 0; i < cols; i++) {
                squares += Math.pow(x.get((long) row * cols + i) - mean, 2);
            }
            for (int i = 0; i < cols; i++) {
                double bias = b == null ? 0 : b.get(i);
                double factor = w.get(i) / Math.sqrt(squares / cols + eps);
                double expected = (x.get((long) row * cols + i) - mean) * factor + bias;
                double size = Math.abs(factor) * (1 + 0.1 * Math.abs(mean)) + Math.abs(bias) + Math.abs(expected);
                Lab.assertClose(expected, y.get((long) row * cols + i), 2e-6 * size, "of " + x);
            }
        }
        float[] apart = y.toArray();
        kernels.layerNorm(x, x, w, b, eps);
        Fixtures.assertSameBits(apart, x.toArray());
    }

    @ParameterizedTest
    @EnumSource
    default void rotateTurnsEachPairByItsAngle(RopeTable.Layout layout) {
        withWorkers(kernels -> {
            // Heads, head size, pairs.
            int[][] cases = {{1, 2, 1}, {3, 6, 2}, {2, 34, 17}, {4, 64, 32}, {2, 64, 16}, {1, 30, 15}, {2, 5, 0}};
            Runs three = new Runs().add(3, 0).add(0, 5).add(37, 70);
            for (int[] c : cases) {
                for (Runs runs : new Runs[] {new Runs(), new Runs().add(1, 1000), three}) {
                    try (Lab lab = new Lab(c[1])) {
                        float[] frequencies = new float[c[2]];
                        for (int i = 0; i < c[2]; i++) {
                            frequencies[i] = (float) Math.pow(100, -(double) i / c[2]);
                        }
                        Tensor x = lab.normal(runs.numTokens(), c[0] * c[1]);
                        checkRotate(kernels, x, c[1], frequencies, layout, runs);
                    }
                }
            }
        });
    }

    private static void checkRotate(Kernels kernels, Tensor x, int headSize, float[] frequencies,
            RopeTable.Layout layout, Runs runs) {
        float[] before = x.toArray();
        RopeTable table = new RopeTable(frequencies, 1, layout);
        kernels.rotate(x, headSize, table, runs, 1);
        int pairs = frequencies.length;
        for (int run = 0; run < runs.count(); run++) {
            for (int n = runs.start(run); n < runs.end(run); n++) {
                int position = runs.position(run) + n - runs.start(run);
                for (int c = 0; c < x.cols(); c++) {
                    int in = c % headSize;
                    boolean split = layout == RopeTable.Layout.HALF_SPLIT;
                    double expected = before[n * x.cols() + c];
                    if (in < 2 * pairs) {
                        boolean second = split ? in >= pairs : in % 2 == 1;
                        int pair = split ? in % pairs : in / 2;
                        int other = split ? (second ? c - pairs : c + pairs) : (second ? c - 1 : c + 1);
                        double angle = position * frequencies[pair];
                        expected = expected * Math.cos(angle)
                                + (second ? 1 : -1) * before[n * x.cols() + other] * Math.sin(angle);
                    }
                    Lab.assertClose(expected, x.get((long) n * x.cols() + c), 1e-6, "position " + position);
                }
            }
        }
        kernels.rotate(x, headSize, table, runs, -1);
        for (int i = 0; i < before.length; i++) {
            Lab.assertClose(before[i], x.get(i), 2e-6, "turned there and back");
        }
    }

    @Test
    default void rotateScalesByTheAttentionFactor() {
        withTwoWorkers(kernels -> {
            try (Lab lab = new Lab(2)) {
                Tensor x = lab.normal(4, 24);
                Tensor scaled = lab.copy(x);
                Runs runs = new Runs().add(4, 9);
                float[] frequencies = {1, 0.3f, 0.1f};
                kernels.rotate(x, 8, new RopeTable(frequencies, 1, RopeTable.Layout.HALF_SPLIT), runs, 1);
                kernels.rotate(scaled, 8, new RopeTable(frequencies, 1.5f, RopeTable.Layout.HALF_SPLIT), runs, 1);
                for (int i = 0; i < x.size(); i++) {
                    double factor = i % 8 < 6 ? 1.5 : 1;
                    Lab.assertClose(factor * x.get(i), scaled.get(i), 1e-6, "number " + i);
                }
            }
        });
    }
}
