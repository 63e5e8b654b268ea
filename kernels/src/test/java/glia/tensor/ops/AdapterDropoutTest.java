package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Hash;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.autograd.DropoutRates;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.GradientCheck.Case;
import glia.tensor.ops.row.Elementwise.Dropout;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Dropout of the inputs of adapters: the formulas of PEFT, their gradients with fixed masks, the mean over masks.
class AdapterDropoutTest {
    private static final float SCALE = 0.75f;
    private static final int N = 5;
    private static final int R = 8;
    private static final int K = 6;
    private static final int RANK = 2;
    private static final int PLACE = 17;
    private static final long KEY = 1234567;
    private static final DropoutRates RATES = DropoutRates.NONE.withAdapters(0.5);

    private static LowRank adapter(Weight base, Weight a, Weight b) {
        return new LowRank(base, (Weight.Stored) a, (Weight.Stored) b, SCALE);
    }

    private static Tensor drop(Recorder ops, Tensor x, LowRank w) {
        ops.dropAdapterInputs(Map.of(w.a(), PLACE));
        ops.dropout(RATES, KEY);
        return ops.linear(x, w);
    }

    /// The factors 0 and 2 of the mask.
    private static double[] mask() {
        try (Workers workers = new Workers(1); Arena arena = Arena.ofConfined();
                Compute ops = new Compute(KernelBackends.choose("scalar", workers).kernels(), Precision.EXACT)) {
            Tensor ones = Tensor.allocate(arena, DType.F32, N, K);
            for (int i = 0; i < N * K; i++) {
                ones.set(i, 1);
            }
            Tensor y = ops.apply(new Dropout(ones, 0.5f, Hash.of(KEY, Ops.Dropped.ADAPTER.ordinal(), PLACE)));
            double[] factors = new double[N * K];
            Arrays.setAll(factors, y::get);
            return factors;
        }
    }

    /// `x · wᵀ`.
    private static double[] product(double[] x, double[] w, int cols) {
        int rows = w.length / cols;
        double[] y = new double[x.length / cols * rows];
        for (int i = 0; i < y.length; i++) {
            for (int k = 0; k < cols; k++) {
                y[i] += x[i / rows * cols + k] * w[i % rows * cols + k];
            }
        }
        return y;
    }

    private static double[] dropped(double[] x) {
        double[] y = mask();
        Arrays.setAll(y, i -> y[i] * x[i]);
        return y;
    }

    static Stream<Object[]> cases() {
        long[] x = {N, K};
        long[] w = {R, K};
        long[] a = {RANK, K};
        long[] b = {R, RANK};
        long[] vector = {R};
        double[][] norms = new double[1][];
        return GradientCheck.onSets(Stream.of(
                GradientCheck.of("LoRA with a bias", (ops, in) -> drop(ops, GradientCheck.rows(ops, in[0]),
                        adapter(in[1], in[2], in[3]).withBias((Weight.Stored) in[4])), in -> {
                    double[] y = product(in[0], in[1], K);
                    double[] update = product(product(dropped(in[0]), in[2], K), in[3], RANK);
                    Arrays.setAll(y, i -> y[i] + SCALE * (update[i] + in[4][i % R]));
                    return y;
                }, x, w, a, b, vector),
                GradientCheck.of("DoRA", (ops, in) -> drop(ops, GradientCheck.rows(ops, in[0]), adapter(in[1], in[2],
                        in[3]).withMagnitudes(Magnitudes.Axis.ROWS, (Weight.Stored) in[4])), in -> {
                    norms[0] = norms[0] == null ? norms(in[1], in[2], in[3]) : norms[0];
                    double[] y = product(in[0], in[1], K);
                    double[] base = product(dropped(in[0]), in[1], K);
                    double[] update = product(product(dropped(in[0]), in[2], K), in[3], RANK);
                    Arrays.setAll(y, i -> {
                        double g = in[4][i % R] / norms[0][i % R];
                        return y[i] + (g - 1) * base[i] + g * SCALE * update[i];
                    });
                    return y;
                }, x, w, a, b, vector)));
    }

    /// `‖W + s · B · A‖` of each row, of which PEFT takes no gradient.
    private static double[] norms(double[] w, double[] a, double[] b) {
        double[] norms = new double[R];
        for (int r = 0; r < R; r++) {
            for (int k = 0; k < K; k++) {
                double v = w[r * K + k];
                for (int i = 0; i < RANK; i++) {
                    v += SCALE * b[r * RANK + i] * a[i * K + k];
                }
                norms[r] += v * v;
            }
            norms[r] = Math.sqrt(norms[r]);
        }
        return norms;
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("cases")
    void valuesAndGradientsAreThoseOfTheFormula(Case c, String kernels) {
        GradientCheck.check(c, kernels);
    }

    private static float[] run(DropoutRates rates, long key, boolean isListed) {
        return mean(rates, key, isListed, 1);
    }

    /// The mean of the results for some keys.
    private static float[] mean(DropoutRates rates, long firstKey, boolean isListed, int numKeys) {
        try (Workers workers = new Workers(1); Arena arena = Arena.ofConfined(); Gradients gradients = new Gradients();
                Recorder ops = new Recorder(KernelBackends.choose("best", workers).kernels(), gradients)) {
            Random random = new Random(3);
            Weight.Stored[] in = new Weight.Stored[4];
            long[][] shapes = {{N, K}, {R, K}, {RANK, K}, {R, RANK}};
            for (int i = 0; i < in.length; i++) {
                Tensor t = Tensor.allocate(arena, DType.F32, shapes[i]);
                for (int j = 0; j < t.size(); j++) {
                    t.set(j, random.nextFloat() - 0.5f);
                }
                in[i] = new Weight.Stored(t);
            }
            LowRank w = adapter(in[1], in[2], in[3]);
            ops.dropAdapterInputs(isListed ? Map.of(w.a(), PLACE) : Map.of());
            double[] sums = new double[N * R];
            for (int i = 0; i < numKeys; i++) {
                ops.dropout(rates, i == 0 ? firstKey : Hash.of(firstKey, i));
                float[] y = ops.linear(GradientCheck.rows(ops, in[0]), w).toArray();
                Arrays.setAll(sums, j -> sums[j] + y[j]);
                ops.clear();
            }
            float[] mean = new float[sums.length];
            for (int i = 0; i < mean.length; i++) {
                mean[i] = (float) (sums[i] / numKeys);
            }
            return mean;
        }
    }

    @Test
    void theMeanOverMasksIsTheValueWithoutDropout() {
        float[] expected = run(DropoutRates.NONE, KEY, true);
        assertArrayEquals(expected, mean(RATES, KEY, true, 4000), 0.03f);
    }

    @Test
    void theRateZeroAndWeightsWithoutAPlaceChangeNoBit() {
        float[] none = run(DropoutRates.NONE, KEY, true);
        assertArrayEquals(none, run(DropoutRates.of(0.5, 1), KEY, true));
        assertArrayEquals(none, run(RATES, KEY, false));
        assertFalse(Arrays.equals(none, run(RATES, KEY, true)));
        assertFalse(Arrays.equals(run(RATES, KEY + 1, true), run(RATES, KEY, true)));
        assertArrayEquals(run(RATES, KEY, true), run(RATES, KEY, true));
    }
}
