package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.autograd.Recorder;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Linear layers in FP8 compared with the definition, written apart from the code.
class Float8ProductsTest {
    private static final int CHUNK = 128;

    /// The result of a linear layer and its gradients for `dy`.
    private record Results(float[] y, float[] dx, float[] dw) { }

    private static Results linear(String backend, float[] x, float[] w, float[] dy, int tokens, int rows, int cols) {
        try (Workers workers = new Workers(2); Arena arena = Arena.ofConfined(); Gradients all = new Gradients();
                Recorder ops = new Recorder(KernelBackends.choose(backend, workers).kernels(), all)) {
            Weight.Stored input = new Weight.Stored(Tensor.of(arena, x, tokens, cols));
            Weight.Stored weight = new Weight.Stored(Tensor.of(arena, w, rows, cols));
            ops.useFloat8(m -> m == weight.tensor());
            Tensor y = ops.linear(ops.embed(input, IntStream.range(0, tokens).toArray(), tokens), weight);
            float[] found = y.toArray();
            ops.gradient(y).copyFrom(Tensor.of(arena, dy, tokens, rows));
            ops.backward();
            return new Results(found, all.of(input).toArray(), all.of(weight).toArray());
        }
    }

    @Test
    void aProductByHand() {
        // x: scale 1, 17 is a tie of 16 and 18, of which 16 is even. w: scale 3.3/448; 1 / scale = 135.8 becomes 128.
        Results r = linear("scalar", new float[] {448, 17}, new float[] {1, 3.3f}, new float[] {2}, 1, 1, 2);
        assertEquals(3.3 / 448 * (448 * 128 + 16 * 448), r.y[0], 1e-4);
        // dy: scale 2/448, code 448.
        assertArrayEquals(new float[] {2 * 128 * 3.3f / 448, 2 * 3.3f}, r.dx, 1e-5f);
        // Along the tokens, of which there is one, each value has a scale of its own and is exact.
        assertArrayEquals(new float[] {896, 34}, r.dw, 1e-4f);
    }

    /// Rounds `v[l · step + i · stepI]` for all l and i with scales for chunks of l and groups of i.
    private static double[][] rounded(float[] v, int terms, int width, int stepL, int stepI, int group) {
        double[][] result = new double[terms][width];
        for (int l0 = 0; l0 < terms; l0 += CHUNK) {
            for (int i0 = 0; i0 < width; i0 += group) {
                float largest = 0;
                for (int l = l0; l < Math.min(terms, l0 + CHUNK); l++) {
                    for (int i = i0; i < Math.min(width, i0 + group); i++) {
                        largest = Math.max(largest, Math.abs(v[l * stepL + i * stepI]));
                    }
                }
                float scale = largest == 0 ? 1 : largest / 448;
                for (int l = l0; l < Math.min(terms, l0 + CHUNK); l++) {
                    for (int i = i0; i < Math.min(width, i0 + group); i++) {
                        result[l][i] = (double) scale * code(v[l * stepL + i * stepI] / scale);
                    }
                }
            }
        }
        return result;
    }

    private static float code(float x) {
        try (Arena arena = Arena.ofConfined()) {
            long address = arena.allocate(1).address();
            float[] one = {x};
            Encode.fromFloats(DType.F8_E4M3, one, 0, 1, address);
            Decode.toFloats(DType.F8_E4M3, address, one, 0, 1);
            return one[0];
        }
    }

    private static void check(double[][] a, double[][] b, float[] found) {
        double largest = 0;
        double[] expected = new double[found.length];
        int cols = b[0].length;
        for (int l = 0; l < a.length; l++) {
            for (int i = 0; i < a[l].length; i++) {
                for (int j = 0; j < cols; j++) {
                    expected[i * cols + j] += a[l][i] * b[l][j];
                }
            }
        }
        for (double e : expected) {
            largest = Math.max(largest, Math.abs(e));
        }
        for (int i = 0; i < found.length; i++) {
            assertEquals(expected[i], found[i], 3e-6 * largest, "value " + i);
        }
    }

    @ParameterizedTest
    @CsvSource({"scalar, 3, 5, 7", "scalar, 130, 129, 131", "best, 1, 300, 128", "best, 150, 140, 270"})
    void productsFollowTheDefinition(String backend, int tokens, int rows, int cols) {
        Random random = new Random(7);
        float[] x = random(random, tokens * cols);
        float[] w = random(random, rows * cols);
        float[] dy = random(random, tokens * rows);
        Results r = linear(backend, x, w, dy, tokens, rows, cols);
        check(rounded(x, cols, tokens, 1, cols, 1), rounded(w, cols, rows, 1, cols, CHUNK), r.y);
        check(rounded(dy, rows, tokens, 1, rows, 1), rounded(w, rows, cols, cols, 1, CHUNK), r.dx);
        check(rounded(dy, tokens, rows, rows, 1, 1), rounded(x, tokens, cols, cols, 1, 1), r.dw);
    }

    private static float[] random(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() * Math.exp(2 * random.nextGaussian()));
        }
        return values;
    }

    @Test
    void zerosAndTinyNumbersStayFiniteAndNumbersThatAreNoneSpread() {
        Results zeros = linear("scalar", new float[4], new float[] {1, 2, 3, 4}, new float[4], 2, 2, 2);
        assertArrayEquals(new float[4], zeros.y);
        assertArrayEquals(new float[4], zeros.dw);
        Results tiny = linear("scalar", new float[] {1e-44f, 0}, new float[] {1, 2}, new float[] {1}, 1, 1, 2);
        assertTrue(Float.isFinite(tiny.y[0]));
        Results broken = linear("scalar", new float[] {Float.POSITIVE_INFINITY, 1}, new float[] {1, 2},
                new float[] {1}, 1, 1, 2);
        assertTrue(Float.isNaN(broken.y[0]));
    }
}
