package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Compares an op's values and gradients with its formula in F64: for random `c` the derivative of `Σ c·y` by every
/// value of every input, `(f(x + h) - f(x - h)) / 2h`, whose own error is about 1e-9.
final class GradientCheck {
    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-5;

    private GradientCheck() { }

    /// An op, or several, on weights; activations are made by `embed`, so that their gradients are available.
    interface Recorded {
        Tensor run(Recorder ops, Weight[] inputs);
    }

    interface Formula {
        double[] of(double[][] inputs);
    }

    /// @param shapes of the inputs
    /// @param slopes by input, finite differences of the formula: the first check of the case computes them
    record Case(String name, DType dtype, long[][] shapes, Recorded recorded, Formula formula, double[][] slopes) {
        Case(String name, DType dtype, long[][] shapes, Recorded recorded, Formula formula) {
            this(name, dtype, shapes, recorded, formula, new double[shapes.length][]);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Case of(String name, Recorded recorded, Formula formula, long[]... shapes) {
        return new Case(name, DType.F32, shapes, recorded, formula);
    }

    static long[] shape(long... shape) {
        return shape;
    }

    static Tensor rows(Recorder ops, Weight w) {
        return ops.embed(w, IntStream.range(0, w.rows()).toArray(), w.rows());
    }

    /// Each case with each kernel backend, as the arguments of `check`.
    static Stream<Object[]> onSets(Stream<Case> cases) {
        return cases.flatMap(c -> Stream.of("scalar", "vector", "best").map(kernels -> new Object[] {c, kernels}));
    }

    /// Checks values and gradients of a case on a kernel backend, and that each weight gets the same gradient if it
    /// alone is trainable.
    static void check(Case c, String name) {
        Random random = new Random(11);
        try (Workers workers = new Workers(2); Gradients gradients = new Gradients();
                Arena arena = Arena.ofConfined()) {
            Kernels kernels = KernelBackends.choose(name, workers).kernels();
            Weight[] inputs = new Weight[c.shapes.length];
            double[][] values = new double[inputs.length][];
            for (int i = 0; i < inputs.length; i++) {
                Tensor t = random(arena, c.dtype, random, c.shapes[i]);
                inputs[i] = new Weight.Stored(t);
                values[i] = toDoubles(Decode.widen(t, arena));
            }
            double[] expected = c.formula.of(values);
            double[] direction = random.doubles(expected.length, -1, 1).map(d -> (float) d).toArray();
            try (Recorder ops = new Recorder(kernels, gradients)) {
                double[] found = learn(ops, c, inputs, direction);
                assertEquals(expected.length, found.length);
                for (int i = 0; i < found.length; i++) {
                    assertEquals(expected[i], found[i], TOLERANCE * Math.max(1, Math.abs(expected[i])), "y[" + i + "]");
                }
            }
            for (int i = 0; i < inputs.length; i++) {
                compare(c, values, i, direction, gradients.of(inputs[i]));
                alone(c, inputs, i, direction, kernels, gradients.of(inputs[i]));
            }
        }
    }

    /// Runs forward and backward; returns the result, whose memory the backward pass reuses.
    private static double[] learn(Recorder ops, Case c, Weight[] inputs, double[] direction) {
        Tensor y = c.recorded.run(ops, inputs);
        double[] result = toDoubles(y);
        // False if the op does not use the only trainable weight.
        if (ops.needs(y)) {
            for (int i = 0; i < direction.length; i++) {
                ops.gradient(y).set(i, (float) direction[i]);
            }
        }
        ops.backward();
        return result;
    }

    /// Computes gradients with all weights frozen but one.
    private static void alone(Case c, Weight[] inputs, int trainable, double[] direction, Kernels kernels,
            Tensor amongAll) {
        try (Gradients gradients = new Gradients();
                Recorder ops = new Recorder(kernels, gradients, w -> w == inputs[trainable])) {
            learn(ops, c, inputs, direction);
            for (int i = 0; i < inputs.length; i++) {
                assertTrue(i == trainable || gradients.find(inputs[i]).isEmpty(), "frozen input " + i);
            }
            Tensor found = gradients.of(inputs[trainable]);
            for (long i = 0; i < amongAll.size(); i++) {
                long at = i;
                assertEquals((double) amongAll.get(i), found.get(i), 0, () -> "slope " + at + " of input " + trainable);
            }
        }
    }

    static Tensor random(Arena arena, DType dtype, Random random, long... shape) {
        Tensor t = Tensor.allocate(arena, DType.F32, shape);
        for (long i = 0; i < t.size(); i++) {
            t.set(i, (float) random.nextGaussian());
        }
        return dtype == DType.F32 ? t : Encode.narrow(t, dtype, arena);
    }

    static double[] toDoubles(Tensor t) {
        return IntStream.range(0, (int) t.size()).mapToDouble(t::get).toArray();
    }

    static void compare(Case c, double[][] values, int input, double[] seed, Tensor found) {
        if (c.slopes[input] == null) {
            c.slopes[input] = slopes(c.formula, values, input, seed);
        }
        double[] slopes = c.slopes[input];
        double largest = DoubleStream.of(slopes).map(Math::abs).max().orElse(0);
        for (int i = 0; i < slopes.length; i++) {
            assertEquals(slopes[i], found.get(i), TOLERANCE * Math.max(largest, 1),
                    "slope " + i + " of input " + input);
        }
    }

    private static double[] slopes(Formula formula, double[][] values, int input, double[] seed) {
        double[] slopes = new double[values[input].length];
        for (int i = 0; i < slopes.length; i++) {
            double x = values[input][i];
            values[input][i] = x + STEP;
            double above = dot(seed, formula.of(values));
            values[input][i] = x - STEP;
            double below = dot(seed, formula.of(values));
            values[input][i] = x;
            slopes[i] = (above - below) / (2 * STEP);
        }
        return slopes;
    }

    private static double dot(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
    }
}
