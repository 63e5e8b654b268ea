package glia.kernels.amx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.code.IsaLevel;
import glia.kernels.decode.RowDecoder;
import glia.kernels.emitted.EmittedKernels;
import glia.kernels.emitted.EmittedKernelsUnderTest;
import glia.kernels.emitted.Guarded;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// F32 GEMM from three BF16 terms compared with F64 sums. Tensors lie next to inaccessible pages, on either side.
class Bf16x3ProductsTest {
    /// Relative to the sum of the products' magnitudes, for normally distributed values: about the error of
    /// `vfmadd231ps`.
    private static final double TOLERANCE = 2.5e-7;
    /// The same for values of all magnitudes, where a few products dominate the sum.
    private static final double WILD_TOLERANCE = 1.5e-6;
    /// Parts of a number below 2^-126 are lost.
    private static final double TINY = 0x1p-125;

    private interface Entry {
        double product(int row, int col, int k);
    }

    private interface Body {
        void run(AmxProducts products, Arena arena, Random random);
    }

    @BeforeAll
    static void onlyWhereItRuns() {
        EmittedKernelsUnderTest.assumeItRuns(IsaLevel.AMX);
    }

    private static void with(long seed, Body body) {
        try (Workers workers = new Workers(2); Arena arena = Arena.ofShared()) {
            var products = new AmxProducts(workers, new RowDecoder(workers, IsaLevel.AMX), 3);
            // Results must not depend on leftovers of an earlier multiplication.
            Tensor nothing = random(arena, new Random(1), 100, 100, 0);
            nothing.set(50, Float.NaN);
            assertFalse(products.linear(nothing, nothing, nothing));
            assertFalse(products.linearBackwardInput(nothing, nothing, nothing));
            assertFalse(products.linearBackwardWeight(nothing, nothing, nothing));
            body.run(products, arena, new Random(seed));
        }
    }

    private static Tensor empty(Arena arena, Random random, DType type, int rows, int cols) {
        long sizeBytes = rows * type.bytes(cols);
        return Tensor.of(type, Guarded.either(arena, random, sizeBytes), rows, cols);
    }

    /// @param digits magnitudes are from 10^-digits to 10^digits; 0 for normally distributed numbers
    private static Tensor random(Arena arena, Random random, int rows, int cols, int digits) {
        Tensor t = empty(arena, random, DType.F32, rows, cols);
        for (long i = 0; i < t.size(); i++) {
            double gauss = random.nextGaussian();
            t.set(i, (float) (digits == 0 ? gauss : gauss * Math.pow(10, digits * (2 * random.nextDouble() - 1))));
        }
        return t;
    }

    private static void check(Tensor c, float[] before, int depth, double tolerance, Entry entry) {
        check(c, before, depth, tolerance, depth * TINY, entry);
    }

    /// @param tolerance relative to the magnitudes
    /// @param least absolute tolerance in addition
    private static void check(Tensor c, float[] before, int depth, double tolerance, double least, Entry entry) {
        for (int i = 0; i < c.rows(); i++) {
            for (int j = 0; j < c.cols(); j++) {
                double sum = before == null ? 0 : before[i * c.cols() + j];
                double size = Math.abs(sum);
                for (int k = 0; k < depth; k++) {
                    double product = entry.product(i, j, k);
                    sum += product;
                    size += Math.abs(product);
                }
                double delta = Double.isFinite(size) ? tolerance * size + least : 1;
                assertEquals(sum, c.get((long) i * c.cols() + j), delta, "row " + i + ", column " + j + " of " + c);
            }
        }
    }

    private static double at(Tensor t, int row, int col) {
        return t.get((long) row * t.cols() + col);
    }

    private static void checkAll(AmxProducts products, Arena arena, Random random, Tensor x, Tensor dy, Tensor stored,
            double tolerance) {
        Tensor w = Decode.widen(stored, arena);
        Tensor y = random(arena, random, x.rows(), w.rows(), 0);
        assertTrue(products.linear(y, x, stored));
        check(y, null, x.cols(), tolerance, (i, j, k) -> at(x, i, k) * at(w, j, k));
        Tensor dx = random(arena, random, x.rows(), x.cols(), 0);
        float[] before = dx.toArray();
        assertTrue(products.linearBackwardInput(dx, dy, stored));
        check(dx, before, dy.cols(), tolerance, (i, j, k) -> at(dy, i, k) * at(w, k, j));
        Tensor dw = random(arena, random, w.rows(), w.cols(), 0);
        before = dw.toArray();
        assertTrue(products.linearBackwardWeight(dw, dy, x));
        check(dw, before, x.rows(), tolerance, (i, j, k) -> at(dy, k, i) * at(x, k, j));
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1", "1, 33, 2", "3, 31, 3", "13, 32, 15", "12, 64, 16", "25, 65, 17", "16, 100, 31", "40, 47, 32",
        "7, 129, 207", "24, 32, 512", "50, 70, 515", "17, 33, 1023", "200, 96, 64", "15, 16, 95", "31, 17, 96",
        "32, 511, 97", "65, 31, 191", "511, 65, 34", "1100, 17, 48", "64, 1025, 20", "300, 600, 40", "33, 0, 7",
        "0, 8, 9", "10, 5, 0",
        "2050, 33, 35", "33, 2049, 40", "40, 35, 2081", "3, 2, 4100", "3, 4097, 2", "4100, 3, 3", "2049, 2050, 3"})
    void productsAreThoseOfF32(int n, int r, int k) {
        with(n * 31L + k, (products, arena, random) -> {
            for (int digits = 0; digits <= 12; digits += 12) {
                checkAll(products, arena, random, random(arena, random, n, k, digits),
                        random(arena, random, n, r, digits), random(arena, random, r, k, digits),
                        digits == 0 ? TOLERANCE : WILD_TOLERANCE);
            }
        });
    }

    static Stream<DType> realTypes() {
        return Arrays.stream(DType.values()).filter(DType::isReal);
    }

    @ParameterizedTest
    @MethodSource("realTypes")
    void weightsMayHaveEveryType(DType type) {
        with(5, (products, arena, random) -> {
            for (int[] shape : new int[][] {{17, 5, 5}, {4, 207, 1}, {33, 65, 3}}) {
                int cols = shape[2] * (type.isBlock() ? type.blockElements() : 32);
                checkAll(products, arena, random, random(arena, random, shape[0], cols, 0),
                        random(arena, random, shape[0], shape[1], 0),
                        Fixtures.random(arena, type, shape[1], cols, shape[0]), WILD_TOLERANCE);
            }
        });
    }

    @Test
    void nothingIsComputedOfNumbersThatDoNotFit() {
        with(6, (products, arena, random) -> {
            for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY, -Float.MAX_VALUE, 0x1p63f, -0x1p63f}) {
                for (int at : new int[] {0, 31, 32, 69, 70 * 20 + 16, 70 * 47 - 1}) {
                    Tensor x = random(arena, random, 47, 70, 0);
                    Tensor w = random(arena, random, 70, 70, 0);
                    Tensor y = random(arena, random, 47, 70, 0);
                    float[] before = y.toArray();
                    float[] weights = w.toArray();
                    float kept = x.get(at);
                    x.set(at, odd);
                    assertFalse(products.linear(y, x, w));
                    x.set(at, kept);
                    float weight = w.get(at);
                    w.set(at, odd);
                    assertFalse(products.linear(y, x, w));
                    assertFalse(products.linearBackwardInput(y, x, w));
                    w.set(at, weight);
                    x.set(at, odd);
                    assertFalse(products.linearBackwardInput(y, x, w));
                    assertFalse(products.linearBackwardWeight(w, x, y));
                    assertFalse(products.linearBackwardWeight(w, y, x));
                    Fixtures.assertSameBits(before, y.toArray());
                    Fixtures.assertSameBits(weights, w.toArray());
                }
            }
        });
    }

    /// With several pieces the value that does not fit is in the last, and the first must not have been added by then.
    @ParameterizedTest
    @CsvSource({"2050, 3, 3", "3, 2050, 3", "3, 3, 4100"})
    void nothingIsComputedOfAnyPiece(int n, int r, int k) {
        with(7, (products, arena, random) -> {
            Tensor x = random(arena, random, n, k, 0);
            Tensor w = random(arena, random, r, k, 0);
            Tensor y = random(arena, random, n, r, 0);
            float[] before = y.toArray();
            x.set(x.size() - 1, Float.NaN);
            assertFalse(products.linear(y, x, w));
            Fixtures.assertSameBits(before, y.toArray());
        });
    }

    @Test
    void numbersJustInsideTheLimitAndTinyOnesFit() {
        with(8, (products, arena, random) -> {
            Tensor x = random(arena, random, 33, 40, 0);
            Tensor w = random(arena, random, 50, 40, 0);
            float[] odd = {Math.nextDown(0x1p63f), -0x1.fffffep62f, Float.MIN_VALUE, -Float.MIN_NORMAL, 0x1p-110f, -0f};
            for (int i = 0; i < odd.length; i++) {
                x.set(40 * i + 7, odd[i]);
                w.set(40 * i + 7, odd[odd.length - 1 - i]);
            }
            Tensor y = random(arena, random, 33, 50, 0);
            assertTrue(products.linear(y, x, w));
            // The part lost of a tiny value, 2^-126, is multiplied by 2^63.
            check(y, null, 40, TOLERANCE, 0x1p-62, (i, j, k) -> at(x, i, k) * at(w, j, k));
        });
    }

    /// Through the kernels, which fall back to other code.
    @Test
    void whatIsNotFiniteStaysInItsRowAndColumn() {
        try (Workers workers = new Workers(2); Arena arena = Arena.ofConfined()) {
            var kernels = new EmittedKernels(workers, IsaLevel.AMX);
            Random random = new Random(9);
            for (float odd : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 1e30f}) {
                Tensor x = random(arena, random, 140, 260, 0);
                Tensor w = random(arena, random, 270, 260, 0);
                x.set(7 * 260 + 259, odd);
                w.set(269 * 260L, odd);
                Tensor y = random(arena, random, 140, 270, 0);
                kernels.linear(y, x, w);
                check(y, null, 260, WILD_TOLERANCE, (i, j, k) -> at(x, i, k) * at(w, j, k));
            }
        }
    }
}
