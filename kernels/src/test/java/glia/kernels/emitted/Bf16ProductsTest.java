package glia.kernels.emitted;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.kernels.code.IsaLevelTest;
import glia.kernels.tiles.EmittedPackingTiles.Bf16Code;
import glia.kernels.tiles.Bf16x3Code;
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

/// BF16 GEMM compared with F64 sums of the same rounded values, over awkward sizes. Tensors lie next to inaccessible
/// pages, on either side.
class Bf16ProductsTest extends IsaLevelTest {
    /// F32 sums of at most 1100 products.
    private static final double TOLERANCE = 2e-6;

    private EmittedKernels kernels(Workers workers) {
        EmittedKernels kernels = new EmittedKernels(workers, level);
        assumeTrue(kernels.multipliesBf16(), "no AVX-512 BF16");
        return kernels;
    }

    private static Tensor empty(Arena arena, Random random, DType type, int rows, int cols) {
        long sizeBytes = rows * type.bytes(cols);
        return Tensor.of(type, Guarded.either(arena, random, sizeBytes), rows, cols);
    }

    private static Tensor random(Arena arena, Random random, int rows, int cols) {
        Tensor t = empty(arena, random, DType.F32, rows, cols);
        for (long i = 0; i < t.size(); i++) {
            t.set(i, (float) random.nextGaussian());
        }
        return t;
    }

    private static Tensor stored(Arena arena, Random random, DType type, Tensor t) {
        Tensor narrow = Encode.narrow(t, type, arena);
        Tensor stored = empty(arena, random, type, t.rows(), t.cols());
        stored.memory().copyFrom(narrow.memory());
        return stored;
    }

    private static double rounded(Tensor t, long row, long col) {
        return Float.intBitsToFloat(Bf16Code.bf16(t.get(row * t.cols() + col)) << 16);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, F32", "1, 33, 2, F32", "3, 31, 3, BF16", "13, 32, 15, F32", "12, 64, 16, BF16", "25, 65, 17, F16",
        "16, 100, 31, BF16", "40, 47, 32, F32", "7, 129, 207, BF16", "24, 32, 512, BF16", "50, 70, 515, F16",
        "17, 33, 1023, F32", "200, 96, 64, F32", "15, 16, 17, F32", "31, 17, 65, BF16", "32, 511, 33, F16",
        "33, 15, 1100, F32", "65, 31, 1, BF16", "511, 65, 34, F32", "1100, 17, 48, F32", "64, 1025, 20, BF16",
        "300, 600, 40, F32", "61, 17, 2048, F32", "61, 2048, 5, BF16", "40, 17, 2048, F16"})
    void productsEqualThoseOfRoundedFactors(int n, int r, int k, DType type) {
        Random random = new Random(n * 31L + k);
        try (Workers workers = new Workers(2); Arena arena = Arena.ofConfined()) {
            EmittedKernels kernels = kernels(workers);
            fillMemoryWithNaN(kernels, arena);
            Tensor x = random(arena, random, n, k);
            Tensor stored = stored(arena, random, type, random(arena, random, r, k));
            Tensor w = Decode.widen(stored, arena);
            Tensor dy = random(arena, random, n, r);
            checkAll(kernels, arena, random, x, w, stored, dy);
        }
    }

    /// Results must not depend on leftovers in the kernels' own memory.
    private static void fillMemoryWithNaN(EmittedKernels kernels, Arena arena) {
        Tensor x = Tensor.allocate(arena, DType.F32, 100, 100);
        for (long i = 0; i < x.size(); i++) {
            x.set(i, Float.NaN);
        }
        Tensor y = Tensor.allocate(arena, DType.F32, 100, 100);
        kernels.linearBf16(y, x, x);
        kernels.linearBackwardInputBf16(y, x, x);
        kernels.linearBackwardWeightBf16(y, x, x);
    }

    private static void checkAll(
            EmittedKernels kernels, Arena arena, Random random, Tensor x, Tensor w, Tensor stored, Tensor dy) {
        int n = x.rows();
        int k = x.cols();
        int r = w.rows();
        Tensor y = random(arena, random, n, r);
        kernels.linearBf16(y, x, stored);
        check(y, null, k, (i, j, l) -> rounded(x, i, l) * rounded(w, j, l));
        y.zero();
        kernels.linearBf16Packed(y, x, stored);
        kernels.linearBf16Packed(y, x, stored);
        check(y, null, k, (i, j, l) -> rounded(x, i, l) * rounded(w, j, l));
        Tensor dx = random(arena, random, n, k);
        float[] before = dx.toArray();
        kernels.linearBackwardInputBf16(dx, dy, stored);
        kernels.linearBackwardInputBf16(dx, dy, stored);
        check(dx, before, r, (i, j, l) -> 2 * rounded(dy, i, l) * rounded(w, l, j));
        Tensor dw = random(arena, random, r, k);
        before = dw.toArray();
        kernels.linearBackwardWeightBf16(dw, dy, x);
        check(dw, before, n, (i, j, l) -> rounded(dy, l, i) * rounded(x, l, j));
    }

    @ParameterizedTest
    @CsvSource({"5, 7, 0", "40, 0, 33", "0, 40, 33"})
    void withoutDepthNothingIsAdded(int n, int r, int k) {
        Random random = new Random(3);
        try (Workers workers = new Workers(2); Arena arena = Arena.ofConfined()) {
            EmittedKernels kernels = kernels(workers);
            Tensor w = random(arena, random, r, k);
            checkAll(kernels, arena, random, random(arena, random, n, k), w, w, random(arena, random, n, r));
        }
    }

    @Test
    void whatIsNotFiniteStaysInItsRowAndColumn() {
        Random random = new Random(4);
        try (Workers workers = new Workers(2); Arena arena = Arena.ofConfined()) {
            EmittedKernels kernels = kernels(workers);
            Tensor x = random(arena, random, 37, 45);
            Tensor w = random(arena, random, 41, 45);
            Tensor dy = random(arena, random, 37, 41);
            x.set(36 * 45 + 44, Float.NaN);
            x.set(3 * 45 + 17, Float.POSITIVE_INFINITY);
            w.set(40 * 45 + 44, Float.NEGATIVE_INFINITY);
            w.set(7 * 45, Float.POSITIVE_INFINITY);
            dy.set(36 * 41 + 40, Float.POSITIVE_INFINITY);
            dy.set(41, Float.NaN);
            checkAll(kernels, arena, random, x, w, w, dy);
        }
    }

    private interface Term {
        double of(int i, int j, int l);
    }

    /// @param before the values that the sums were added to, null for none
    private static void check(Tensor found, float[] before, int depth, Term term) {
        for (int i = 0; i < found.rows(); i++) {
            for (int j = 0; j < found.cols(); j++) {
                int at = i * found.cols() + j;
                double sum = before == null ? 0 : before[at];
                double size = Math.abs(sum);
                for (int l = 0; l < depth; l++) {
                    double t = term.of(i, j, l);
                    sum += t;
                    size += Math.abs(t);
                }
                String where = "row " + i + ", column " + j;
                if (Double.isFinite(sum)) {
                    assertEquals(sum, found.get(at), TOLERANCE * size, where);
                } else {
                    assertEquals((float) sum, found.get(at), where);
                }
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
            Bf16Code.round(to.address(), from.address(), 64);
            Tensor pairs = Tensor.allocate(arena, DType.F32, 32);
            Bf16x3Code.of(1).rowsTogether(pairs.address(), from.address(), from.address() + 4 * 32, 32, 128);
            for (int i = 0; i < 64; i++) {
                int expected = Bf16Code.bf16(from.get(i));
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
