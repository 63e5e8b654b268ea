package glia.tensor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// Laws of the reductions of logits.
interface LogitLaws extends KernelSubject {
    @Test
    default void argmaxIsTheFirstOfTheLargest() {
        withTwoWorkers(kernels -> {
            for (int size : Lab.SIZES) {
                for (int at : new int[] {0, size / 3, size - 1}) {
                    try (Lab lab = new Lab(size)) {
                        if (size > 0) {
                            Tensor x = lab.normal(3, size);
                            x.set(size + at, 9);
                            x.set(size + size - 1, 9);
                            assertEquals(at, kernels.argmax(x, 1));
                        }
                    }
                }
            }
        });
    }

    @Test
    default void argmaxOfOddNumbers() {
        float inf = Float.POSITIVE_INFINITY;
        float nan = Float.NaN;
        withTwoWorkers(kernels -> {
            try (Lab lab = new Lab(1)) {
                assertEquals(1, kernels.argmax(lab.of(nan, -inf, nan), 0));
                assertEquals(0, kernels.argmax(lab.of(nan, nan, nan), 0));
                assertEquals(2, kernels.argmax(lab.of(nan, 1, 3, nan, 2), 0));
                assertEquals(1, kernels.argmax(lab.of(1, inf, inf), 0));
                assertEquals(0, kernels.argmax(lab.of(-inf, -inf), 0));
                assertEquals(0, kernels.argmax(lab.of(-0.0f, 0.0f), 0));
                Tensor x = lab.normal(1, 100);
                for (int i = 0; i < 100; i++) {
                    x.set(i, i == 67 ? -inf : nan);
                }
                assertEquals(67, kernels.argmax(x, 0));
            }
        });
    }

    @Test
    default void logSumExpIsTheLogarithmOfTheSum() {
        withTwoWorkers(kernels -> {
            for (int size : Lab.SIZES) {
                for (float shift : new float[] {0, 1000, -1000}) {
                    try (Lab lab = new Lab(size)) {
                        Tensor x = lab.normal(2, size);
                        double sum = 0;
                        for (int i = 0; i < size; i++) {
                            x.set(size + i, 4 * x.get(size + i) + shift);
                            sum += Math.exp((double) x.get(size + i) - shift);
                        }
                        double expected = shift + Math.log(sum);
                        Lab.assertClose(expected, kernels.logSumExp(x, 1), 1e-6 * (1 + Math.abs(expected)), "of " + x);
                    }
                }
            }
        });
    }

    @Test
    default void logSumExpOfOddNumbers() {
        float inf = Float.POSITIVE_INFINITY;
        withTwoWorkers(kernels -> {
            try (Lab lab = new Lab(1)) {
                assertEquals(-inf, kernels.logSumExp(lab.of(-inf, -inf), 0));
                assertEquals(inf, kernels.logSumExp(lab.of(1, inf, 2), 0));
                assertEquals(2, kernels.logSumExp(lab.of(-inf, 2), 0));
                assertEquals(Float.NaN, kernels.logSumExp(lab.of(1, Float.NaN, 2), 0));
                assertEquals(3.4e38f, kernels.logSumExp(lab.of(3.4e38f, -3.4e38f), 0));
            }
        });
    }
}
