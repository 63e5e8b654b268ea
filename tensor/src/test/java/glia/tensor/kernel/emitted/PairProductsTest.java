package glia.tensor.kernel.emitted;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Encode;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Products of numbers rounded to BF16 against sums in F64 of the same rounded numbers, over awkward sizes.
class PairProductsTest {
    /// F32 sums of at most 1000 products.
    private static final double TOLERANCE = 2e-6;

    private static EmittedKernels kernels(Workers workers) {
        assumeTrue(EmittedKernels.obstacle().isEmpty());
        EmittedKernels kernels = new EmittedKernels(workers);
        assumeTrue(kernels.multipliesBf16(), "no AVX-512 BF16");
        return kernels;
    }

    private static Tensor random(Arena arena, Random random, long... shape) {
        Tensor t = Tensor.allocate(arena, DType.F32, shape);
        for (long i = 0; i < t.size(); i++) {
            t.set(i, (float) random.nextGaussian());
        }
        return t;
    }

    private static double rounded(Tensor t, long row, long col) {
        return Float.intBitsToFloat(PairCode.bf16(t.get(row * t.cols() + col)) << 16);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, F32", "1, 33, 2, F32", "3, 31, 3, BF16", "13, 32, 15, F32", "12, 64, 16, BF16", "25, 65, 17, F16",
        "16, 100, 31, BF16", "40, 47, 32, F32", "7, 129, 207, BF16", "24, 32, 512, BF16", "50, 70, 515, F16",
        "17, 33, 1023, F32", "200, 96, 64, F32"})
    void productsAreThoseOfRoundedNumbers(int n, int r, int k, DType type) {
        Random random = new Random(n * 31L + k);
        try (Workers workers = new Workers(2); Arena arena = Arena.ofConfined()) {
            EmittedKernels kernels = kernels(workers);
            Tensor x = random(arena, random, n, k);
            Tensor stored = Encode.narrow(random(arena, random, r, k), type, arena);
            Tensor w = Decode.widen(stored, arena);
            Tensor dy = random(arena, random, n, r);
            Tensor y = random(arena, random, n, r);
            kernels.linearBf16(y, x, stored);
            check(y, n, r, k, 0, (i, j, l) -> rounded(x, i, l) * rounded(w, j, l));
            y.zero();
            kernels.linearBf16Kept(y, x, stored);
            kernels.linearBf16Kept(y, x, stored);
            check(y, n, r, k, 0, (i, j, l) -> rounded(x, i, l) * rounded(w, j, l));
            Tensor dx = Tensor.allocate(arena, DType.F32, n, k);
            dx.memory().fill((byte) 0);
            kernels.linearBackwardInputBf16(dx, dy, stored);
            kernels.linearBackwardInputBf16(dx, dy, stored);
            check(dx, n, k, r, 1, (i, j, l) -> 2 * rounded(dy, i, l) * rounded(w, l, j));
            Tensor dw = Tensor.allocate(arena, DType.F32, r, k);
            kernels.linearBackwardWeightBf16(dw, dy, x);
            check(dw, r, k, n, 0, (i, j, l) -> rounded(dy, l, i) * rounded(x, l, j));
        }
    }

    private interface Term {
        double of(int i, int j, int l);
    }

    private static void check(Tensor found, int rows, int cols, int depth, double extra, Term term) {
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < cols; j++) {
                double sum = 0;
                double size = extra;
                for (int l = 0; l < depth; l++) {
                    double t = term.of(i, j, l);
                    sum += t;
                    size += Math.abs(t);
                }
                assertEquals(sum, found.get((long) i * cols + j), TOLERANCE * size, "row " + i + ", column " + j);
            }
        }
    }

    @Test
    void roundingIsTheInstructions() {
        float[] values = {0f, -0f, 1, -1, 1.00390625f, 1.01171875f, 3.3895314e38f, Float.MAX_VALUE, -Float.MAX_VALUE,
            Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MIN_NORMAL, Float.MIN_VALUE, -1e-40f, 1e-38f,
            0.1f, 255.5f, 65535f, 1e-20f, -3.14159f, Float.NaN};
        try (Workers workers = new Workers(1); Arena arena = Arena.ofConfined()) {
            kernels(workers);
            Tensor from = Tensor.allocate(arena, DType.F32, 64);
            for (int i = 0; i < 64; i++) {
                from.set(i, values[i % values.length]);
            }
            Tensor to = Tensor.allocate(arena, DType.BF16, 64);
            PairCode.round(to.address(), from.address(), 64);
            Tensor pairs = Tensor.allocate(arena, DType.F32, 32);
            PairCode.interleave(pairs.address(), from.address(), from.address() + 4 * 32, 32);
            for (int i = 0; i < 64; i++) {
                int expected = PairCode.bf16(from.get(i));
                int found = to.memory().get(glia.tensor.Memory.I16, 2L * i) & 0xFFFF;
                int half = pairs.memory().get(glia.tensor.Memory.I16, 4L * (i % 32) + 2 * (i / 32)) & 0xFFFF;
                assertEquals(half, found);
                if (Float.isNaN(from.get(i))) {
                    assertTrue((found & 0x7F80) == 0x7F80 && (found & 0x7F) != 0);
                } else {
                    assertEquals(expected & 0xFFFF, found, "of " + from.get(i));
                }
            }
        }
    }
}
