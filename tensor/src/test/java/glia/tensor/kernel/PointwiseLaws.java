package glia.tensor.kernel;

import glia.tensor.Tensor;
import glia.tensor.format.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Laws of what is computed number by number.
interface PointwiseLaws extends KernelSubject {
    private static double expected(Activation f, double x) {
        return switch (f) {
            case SILU -> x * (1 / (1 + Math.exp(-x)));
            case GELU -> x * integralOfNormal(x);
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            case TANH -> Math.tanh(x);
            case RELU -> x < 0 ? 0 : x;
            case RELU_SQUARED -> x < 0 ? 0 : x * x;
        };
    }

    /// Φ by Simpson's rule from 0.
    private static double integralOfNormal(double x) {
        if (Double.isNaN(x) || Math.abs(x) > 10) {
            return Double.isNaN(x) ? x : x > 0 ? 1 : 0;
        }
        int steps = 400;
        double sum = 0;
        for (int i = 0; i <= steps; i++) {
            double t = x * i / steps;
            sum += Math.exp(-t * t / 2) * (i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2);
        }
        return 0.5 + sum * x / steps / 3 / Math.sqrt(2 * Math.PI);
    }

    private static Tensor inputs(Lab lab, int size) {
        Tensor x = lab.normal(1, size);
        float[] extremes = {0, -0.0f, 20, -20, 100, -100, 1e-40f, 1e-10f, -1e-10f, 1e15f, -1e15f, -6, -5.5f, -3, 5,
            8.1f, -8.1f, Float.NaN, Float.POSITIVE_INFINITY};
        for (int i = 0; i < size; i++) {
            if (i % 3 == 2) {
                x.set(i, extremes[i / 3 % extremes.length]);
            } else {
                x.set(i, 3 * x.get(i));
            }
        }
        return x;
    }

    @ParameterizedTest
    @EnumSource
    default void activateIsTheFunction(Activation f) {
        withWorkers(kernels -> {
            for (int size : Lab.SIZES) {
                try (Lab lab = new Lab(size)) {
                    Tensor x = inputs(lab, size);
                    Tensor y = lab.output(1, size);
                    kernels.activate(y, x, f);
                    for (int i = 0; i < size; i++) {
                        double value = expected(f, x.get(i));
                        Lab.assertClose(value, y.get(i), 1e-6 * (Math.abs(value) + 0.3), f + " of " + x.get(i));
                    }
                    kernels.activate(x, x, f);
                    Fixtures.assertSameBits(y.toArray(), x.toArray());
                }
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    default void gatedMultipliesTheFunction(Activation f) {
        withWorkers(kernels -> {
            for (int size : Lab.SIZES) {
                try (Lab lab = new Lab(size)) {
                    Tensor gate = inputs(lab, size);
                    Tensor up = lab.normal(1, size);
                    Tensor y = lab.output(1, size);
                    kernels.gated(y, gate, up, f);
                    for (int i = 0; i < size; i++) {
                        double value = expected(f, gate.get(i)) * up.get(i);
                        double tolerance = 2e-6 * (Math.abs(value) + 0.3 * Math.abs(up.get(i)));
                        Lab.assertClose(value, y.get(i), tolerance, f + " of " + gate.get(i));
                    }
                    Tensor gateCopy = lab.copy(gate);
                    kernels.gated(gateCopy, gateCopy, up, f);
                    kernels.gated(up, gate, up, f);
                    Fixtures.assertSameBits(y.toArray(), gateCopy.toArray());
                    Fixtures.assertSameBits(y.toArray(), up.toArray());
                }
            }
        });
    }

    @Test
    default void addAndScaleAreExactToOneRounding() {
        withWorkers(kernels -> {
            for (int size : Lab.SIZES) {
                try (Lab lab = new Lab(size)) {
                    Tensor a = lab.wild(30, 1, size);
                    Tensor b = inputs(lab, size);
                    Tensor y = lab.output(1, size);
                    for (float factor : new float[] {1, -0.3f, 0, 1e20f}) {
                        kernels.add(y, a, b, factor);
                        for (int i = 0; i < size; i++) {
                            double product = (double) factor * b.get(i);
                            double tolerance = 2e-7 * (Math.abs(product) + Math.abs(a.get(i))) + 1e-44;
                            Lab.assertClose(a.get(i) + product, y.get(i), tolerance, a.get(i) + " + " + product);
                        }
                        kernels.scale(y, b, factor);
                        for (int i = 0; i < size; i++) {
                            Lab.assertClose((double) factor * b.get(i), y.get(i), 0, factor + " · " + b.get(i));
                        }
                    }
                    Tensor sum = lab.output(1, size);
                    kernels.add(sum, a, b, 2);
                    Tensor aCopy = lab.copy(a);
                    Tensor bCopy = lab.copy(b);
                    kernels.add(aCopy, aCopy, b, 2);
                    kernels.add(bCopy, a, bCopy, 2);
                    Fixtures.assertSameBits(sum.toArray(), aCopy.toArray());
                    Fixtures.assertSameBits(sum.toArray(), bCopy.toArray());
                    kernels.scale(y, a, 3);
                    kernels.scale(a, a, 3);
                    Fixtures.assertSameBits(y.toArray(), a.toArray());
                }
            }
        });
    }

    @Test
    default void addRowAddsTheSameRowToAll() {
        withWorkers(kernels -> {
            for (int cols : Lab.SIZES) {
                for (int rows : new int[] {0, 1, 3, 17}) {
                    try (Lab lab = new Lab(cols)) {
                        Tensor x = lab.normal(rows, cols);
                        Tensor b = lab.normal(cols);
                        Tensor y = lab.output(rows, cols);
                        kernels.addRow(y, x, b);
                        for (int i = 0; i < x.size(); i++) {
                            Lab.assertClose(x.get(i) + b.get(i % cols), y.get(i), 0, "number " + i);
                        }
                        kernels.addRow(x, x, b);
                        Fixtures.assertSameBits(y.toArray(), x.toArray());
                    }
                }
            }
        });
    }
}
