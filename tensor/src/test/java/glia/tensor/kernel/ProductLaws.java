package glia.tensor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Fixtures;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Laws of products and of rounded activations.
interface ProductLaws extends KernelSubject {
    static Stream<DType> realTypes() {
        return Arrays.stream(DType.values()).filter(DType::isReal);
    }

    static Stream<DType> quantisedTypes() {
        return realTypes().filter(DType::isQuantised);
    }

    /// The shapes {N, R, K}: each dimension takes all awkward sizes while the others stay small. And many rows that lie
    /// 4 KB apart, so that they have the same place in a cache.
    static int[][] shapes() {
        return Stream.concat(Arrays.stream(Lab.SIZES).boxed().flatMap(n -> Stream.of(
                new int[] {n, 5, 19}, new int[] {2, n, 33}, new int[] {1, 7, n}, new int[] {13, 3, n})),
                Stream.of(new int[] {61, 5, 1024}, new int[] {61, 1024, 5}, new int[] {100, 33, 2048}))
                .toArray(int[][]::new);
    }

    @Test
    default void linearIsTheProductOfRows() {
        withWorkers(kernels -> {
            for (int[] shape : shapes()) {
                try (Lab lab = new Lab(shape[0] + 31L * shape[1])) {
                    checkLinear(kernels, lab, lab.normal(shape[0], shape[2]), lab.normal(shape[1], shape[2]));
                }
            }
        });
    }

    @ParameterizedTest
    @MethodSource("glia.tensor.kernel.ProductLaws#realTypes")
    default void linearTakesWeightsOfEveryType(DType type) {
        withTwoWorkers(kernels -> {
            for (int[] shape : new int[][] {{1, 1, 1}, {1, 37, 3}, {3, 16, 2}, {17, 5, 5}, {4, 207, 1}, {33, 65, 2}}) {
                try (Lab lab = new Lab(shape[0])) {
                    int cols = shape[2] * (type.isBlock() ? type.blockElements() : 32);
                    checkLinear(kernels, lab, lab.normal(shape[0], cols),
                            Fixtures.random(lab.arena, type, shape[1], cols, shape[1]));
                }
            }
        });
    }

    @Test
    default void linearHoldsForNumbersOfAllMagnitudes() {
        withTwoWorkers(kernels -> {
            try (Lab lab = new Lab(5)) {
                checkLinear(kernels, lab, lab.wild(15, 5, 207), lab.wild(15, 31, 207));
            }
        });
    }

    @Test
    default void linearLetsNaNAndInfinityThrough() {
        withTwoWorkers(kernels -> {
            for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -0.0f}) {
                for (int at : new int[] {0, 17, 49}) {
                    try (Lab lab = new Lab(at)) {
                        Tensor x = lab.normal(6, 50);
                        Tensor w = lab.normal(9, 50);
                        x.set(3 * 50 + at, odd);
                        w.set(4 * 50 + at, odd);
                        checkLinear(kernels, lab, x, w);
                    }
                }
            }
        });
    }

    private static void checkLinear(Kernels kernels, Lab lab, Tensor x, Tensor w) {
        Tensor y = lab.output(x.rows(), w.rows());
        kernels.linear(y, x, w);
        assertProduct(lab, y, x, w);
    }

    private static void assertProduct(Lab lab, Tensor y, Tensor x, Tensor w) {
        float[] wide = Decode.widen(w, lab.arena).toArray();
        for (int n = 0; n < x.rows(); n++) {
            for (int r = 0; r < w.rows(); r++) {
                double sum = 0;
                double size = 0;
                for (int k = 0; k < x.cols(); k++) {
                    double term = (double) x.get((long) n * x.cols() + k) * wide[r * x.cols() + k];
                    sum += term;
                    size += Math.abs(term);
                }
                Lab.assertClose(sum, y.get((long) n * w.rows() + r), 1e-6 * size + 1e-37, x + " x " + w);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("glia.tensor.kernel.ProductLaws#realTypes")
    default void backwardInputAddsTheTransposedProduct(DType type) {
        withTwoWorkers(kernels -> {
            for (int[] shape : new int[][] {{1, 1, 1}, {3, 16, 2}, {17, 5, 5}, {4, 207, 1}, {0, 3, 1}, {3, 0, 1}}) {
                try (Lab lab = new Lab(shape[0])) {
                    int cols = shape[2] * (type.isBlock() ? type.blockElements() : 32);
                    Tensor w = Fixtures.random(lab.arena, type, shape[1], cols, shape[1]);
                    checkBackwardInput(kernels, lab, lab.normal(shape[0], shape[1]), w);
                }
            }
        });
    }

    @Test
    default void backwardInputHoldsForAwkwardSizes() {
        withWorkers(kernels -> {
            for (int[] shape : shapes()) {
                try (Lab lab = new Lab(shape[0] + 31L * shape[1])) {
                    checkBackwardInput(kernels, lab, lab.normal(shape[0], shape[1]), lab.normal(shape[1], shape[2]));
                }
            }
        });
    }

    private static void checkBackwardInput(Kernels kernels, Lab lab, Tensor dy, Tensor w) {
        Tensor dx = lab.normal(dy.rows(), w.cols());
        float[] before = dx.toArray();
        kernels.linearBackwardInput(dx, dy, w);
        float[] wide = Decode.widen(w, lab.arena).toArray();
        for (int n = 0; n < dx.rows(); n++) {
            for (int k = 0; k < dx.cols(); k++) {
                double sum = before[n * dx.cols() + k];
                double size = Math.abs(sum);
                for (int r = 0; r < w.rows(); r++) {
                    double term = (double) dy.get((long) n * w.rows() + r) * wide[r * w.cols() + k];
                    sum += term;
                    size += Math.abs(term);
                }
                Lab.assertClose(sum, dx.get((long) n * dx.cols() + k), 1e-6 * size, dy + " · " + w);
            }
        }
    }

    @Test
    default void backwardWeightAddsTheProductOverTokens() {
        withWorkers(kernels -> {
            for (int[] shape : shapes()) {
                try (Lab lab = new Lab(shape[0] + 31L * shape[1])) {
                    checkBackwardWeight(kernels, lab, lab.normal(shape[0], shape[1]), lab.normal(shape[0], shape[2]));
                }
            }
        });
    }

    private static void checkBackwardWeight(Kernels kernels, Lab lab, Tensor dy, Tensor x) {
        Tensor dw = lab.normal(dy.cols(), x.cols());
        float[] before = dw.toArray();
        kernels.linearBackwardWeight(dw, dy, x);
        for (int r = 0; r < dw.rows(); r++) {
            for (int k = 0; k < dw.cols(); k++) {
                double sum = before[r * dw.cols() + k];
                double size = Math.abs(sum);
                for (int n = 0; n < x.rows(); n++) {
                    double term = (double) dy.get((long) n * dy.cols() + r) * x.get((long) n * x.cols() + k);
                    sum += term;
                    size += Math.abs(term);
                }
                Lab.assertClose(sum, dw.get((long) r * dw.cols() + k), 1e-6 * size, dy + " over " + x);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("glia.tensor.kernel.ProductLaws#quantisedTypes")
    default void linearRoundedIsLinearOfRoundedActivations(DType type) {
        withWorkers(kernels -> {
            for (int[] shape : new int[][] {
                {1, 1, 1}, {1, 40, 3}, {2, 33, 2}, {3, 16, 2}, {5, 17, 1}, {16, 47, 3}, {17, 5, 5}, {33, 65, 2}}) {
                for (int style = 0; style < 3; style++) {
                    try (Lab lab = new Lab(shape[0] + 7L * style)) {
                        int cols = shape[2] * type.blockElements();
                        Tensor x = style == 0 ? lab.normal(shape[0], cols) : lab.wild(style, shape[0], cols);
                        Tensor w = Fixtures.random(lab.arena, type, shape[1], cols, shape[1]);
                        Tensor rounded = lab.output(shape[0], cols);
                        kernels.roundActivations(rounded, x);
                        Tensor y = lab.output(shape[0], shape[1]);
                        kernels.linearRounded(y, x, w, lab.output(shape[0], cols));
                        assertProduct(lab, y, rounded, w);
                    }
                }
            }
        });
    }

    @Test
    default void linearRoundedLetsNaNThrough() {
        withTwoWorkers(kernels -> {
            for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
                try (Lab lab = new Lab(2)) {
                    Tensor x = lab.normal(6, 96);
                    x.set(3 * 96 + 40, odd);
                    Tensor y = lab.output(6, 9);
                    kernels.linearRounded(y, x, Fixtures.random(lab.arena, DType.Q8_0, 9, 96, 1), lab.output(6, 96));
                    for (int i = 0; i < y.size(); i++) {
                        assertEquals(i / 9 == 3, Float.isNaN(y.get(i)), "number " + i + " of 6 rows of 9");
                    }
                }
            }
        });
    }

    @Test
    default void roundedActivationsAreMultiplesOfTheBlocksScale() {
        withWorkers(kernels -> {
            for (int cols : Lab.SIZES) {
                for (int rows : new int[] {0, 1, 3}) {
                    try (Lab lab = new Lab(cols)) {
                        Tensor x = lab.normal(rows, cols);
                        Tensor y = lab.output(rows, cols);
                        kernels.roundActivations(y, x);
                        checkRounded(x.toArray(), y.toArray(), cols);
                        kernels.roundActivations(x, x);
                        Fixtures.assertSameBits(y.toArray(), x.toArray());
                    }
                }
            }
        });
    }

    @Test
    default void roundedActivationsHoldForExtremes() {
        withTwoWorkers(kernels -> {
            try (Lab lab = new Lab(3)) {
                float[][] rows = {
                    {0, -0.0f, 0, 0}, {1e-45f, -3e-45f, 0}, {1e-38f, 2e-39f, -1e-40f}, {3e38f, -3.4e38f, 1, 1e-30f},
                    {120, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 63.5f}, {-240, 1, 3, 5, -1, 7, 239}, outlier(1000),
                    outlier(-30),
                };
                for (float[] row : rows) {
                    Tensor y = lab.output(1, row.length);
                    kernels.roundActivations(y, lab.of(row));
                    checkRounded(row, y.toArray(), row.length);
                }
                for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                    Tensor y = lab.output(1, 64);
                    Tensor x = lab.normal(1, 64);
                    x.set(40, odd);
                    kernels.roundActivations(y, x);
                    assertEquals(Float.NaN, y.get(40));
                    checkRounded(Arrays.copyOf(x.toArray(), 32), Arrays.copyOf(y.toArray(), 32), 32);
                }
            }
        });
    }

    /// A block of which one number stands out.
    private static float[] outlier(float number) {
        float[] row = new float[32];
        for (int i = 0; i < row.length; i++) {
            row[i] = 0.1f * i;
        }
        row[7] = number;
        return row;
    }

    private static void checkRounded(float[] x, float[] y, int cols) {
        for (int i = 0; i < x.length; i++) {
            int start = i - i % cols % 32;
            int end = Math.min(start + 32, i - i % cols + cols);
            float largest = 0;
            double squares = 0;
            for (int j = start; j < end; j++) {
                largest = Math.max(largest, Math.abs(x[j]));
                squares += (double) x[j] * x[j];
            }
            float scale = scale(largest > 3.9 * Math.sqrt(squares / (end - start)) ? largest / (120 * 128)
                    : largest / 120);
            float expected = scale * (float) Math.rint(x[i] * (1 / scale));
            assertEquals(expected, y[i], "number " + i + ", " + x[i] + ", of rows of " + cols);
            assertTrue(Float.isNaN(scale) || Math.abs(x[i] - y[i]) <= 0.5001 * scale);
        }
    }

    /// The least number 2^e or 1.5 · 2^e that is not less, from 2^-126 to below 2^97.
    private static float scale(float exact) {
        for (int e = -126; e < 97; e++) {
            for (double m : new double[] {1, 1.5}) {
                if (Math.scalb(m, e) >= exact) {
                    return (float) Math.scalb(m, e);
                }
            }
        }
        return Float.NaN;
    }
}
