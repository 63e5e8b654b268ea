package glia.kernels.amx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.amx.Int16Product.Int16Strips;
import glia.kernels.code.IsaLevel;
import glia.kernels.emitted.EmittedKernels;
import glia.kernels.emitted.EmittedKernelsUnderTest;
import glia.kernels.panels.PanelFormat;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.format.Decode;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.GroupedGemm;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class Int16ProductTest {
    /// Relative to `√n · max|x| · max|w|` of a strip of n columns: about ten times the typical error, since random
    /// rounding errors add like their square roots.
    private static final double BOUND = 0x1p-12;

    @BeforeAll
    static void onlyWhereItRuns() {
        EmittedKernelsUnderTest.assumeItRuns(IsaLevel.AMX);
    }

    private interface Body {
        void run(Kernels kernels, Arena arena);
    }

    private static void with(int workers, Body body) {
        try (Workers w = new Workers(workers); Arena arena = Arena.ofShared()) {
            body.run(new EmittedKernels(w, IsaLevel.AMX), arena);
        }
    }

    /// @param digits magnitudes are from 10^-digits to 10^digits; 0 for normally distributed numbers
    private static Tensor numbers(Arena arena, int rows, int cols, int digits, long seed) {
        Random random = new Random(seed);
        Tensor x = Tensor.allocate(arena, DType.F32, rows, cols);
        for (int i = 0; i < x.size(); i++) {
            double gauss = random.nextGaussian();
            x.set(i, (float) (digits == 0 ? gauss : gauss * Math.pow(10, digits * (2 * random.nextDouble() - 1))));
        }
        return x;
    }

    @ParameterizedTest
    @EnumSource(PanelFormat.class)
    void isTheProductOfRowsWithinItsBound(PanelFormat format) {
        int block = format.type.blockElements();
        for (int workers = 1; workers <= 3; workers++) {
            with(workers, (kernels, arena) -> {
                for (int[] shape : new int[][] {{48, 1, 1}, {49, 16, 3}, {63, 17, 9}, {64, 33, 2}, {257, 47, 5},
                        {300, 530, 1}}) {
                    for (int digits = 0; digits < 3; digits += 2) {
                        int cols = shape[2] * block;
                        Tensor x = numbers(arena, shape[0], cols, digits, shape[1]);
                        Tensor w = Fixtures.random(arena, format.type, shape[1], cols, shape[0]);
                        check(kernels, arena, x, w);
                    }
                }
            });
        }
    }

    @Test
    void stripsOfAllLengthsFitTogether() {
        with(2, (kernels, arena) -> {
            for (int blocks : new int[] {1, 17, 18, 19, 20, 36, 37, 48, 63}) {
                check(kernels, arena, numbers(arena, 50, 32 * blocks, 1, blocks),
                        Fixtures.random(arena, DType.Q4_0, 40, 32 * blocks, blocks));
            }
        });
    }

    private static void check(Kernels kernels, Arena arena, Tensor x, Tensor w) {
        Tensor y = Tensor.allocate(arena, DType.F32, x.rows(), w.rows());
        kernels.linearQuantized(y, x, w, x);
        float[] wide = Decode.widen(w, arena).toArray();
        float[] in = x.toArray();
        Int16Strips strips = Int16Strips.of(x.cols());
        for (int t = 0; t < x.rows(); t++) {
            for (int r = 0; r < w.rows(); r++) {
                double sum = 0;
                double bound = 1e-30;
                for (int strip = 0; strip < strips.count(); strip++) {
                    int from = 64 * strips.first(strip);
                    int to = Math.min(x.cols(), 64 * strips.first(strip + 1));
                    double largestX = 0;
                    double largestW = 0;
                    for (int k = from; k < to; k++) {
                        double a = in[t * x.cols() + k];
                        double b = wide[r * x.cols() + k];
                        sum += a * b;
                        largestX = Math.max(largestX, Math.abs(a));
                        largestW = Math.max(largestW, Math.abs(b));
                    }
                    bound += BOUND * Math.sqrt(to - from) * largestX * largestW;
                }
                double found = y.get((long) t * w.rows() + r);
                assertTrue(Math.abs(found - sum) <= bound,
                        x + " x " + w + ": " + sum + " ± " + bound + " expected, " + found + " found");
            }
        }
    }

    /// Equal values have equal rounding errors, which add up: the bound that always holds.
    @Test
    void equalNumbersStayWithinTheLargerBound() {
        with(1, (kernels, arena) -> {
            Tensor x = Tensor.allocate(arena, DType.F32, 48, 2048);
            for (int i = 0; i < x.size(); i++) {
                x.set(i, i % 512 == 0 ? 1 : 0.3717f);
            }
            Tensor w = Tensor.allocate(arena, DType.Q8_0, 16, 2048);
            for (int i = 0; i < w.sizeBytes() / 34; i++) {
                Memory.f16(w.address() + 34L * i, 0.01f);
                for (int k = 0; k < 32; k++) {
                    Memory.i8(w.address() + 34L * i + 2 + k, k == 0 ? 127 : 51);
                }
            }
            Tensor y = Tensor.allocate(arena, DType.F32, 48, 16);
            Tensor exact = Tensor.allocate(arena, DType.F32, 48, 16);
            kernels.linearQuantized(y, x, w, x);
            kernels.linear(exact, x, w);
            for (int i = 0; i < y.size(); i++) {
                assertEquals(exact.get(i), y.get(i), 0x1p-12 * 2048 * 1 * 1.27);
            }
        });
    }

    @Test
    void whatIsNotFiniteStaysInItsRow() {
        with(2, (kernels, arena) -> {
            for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
                Tensor x = numbers(arena, 50, 96, 0, 1);
                x.set(3 * 96 + 40, odd);
                Tensor w = Fixtures.random(arena, DType.Q8_0, 40, 96, 1);
                Memory.f16(w.address() + 7 * w.rowBytes() + 34, odd);
                Tensor y = Tensor.allocate(arena, DType.F32, 50, 40);
                kernels.linearQuantized(y, x, w, x);
                for (int i = 0; i < y.size(); i++) {
                    assertEquals(i / 40 == 3 || i % 40 == 7, !Float.isFinite(y.get(i)), "number " + i);
                }
            }
        });
    }

    @Test
    void groupedProblemsShareActivationsAndEqualSingleOnes() {
        with(2, (kernels, arena) -> {
            Tensor x = numbers(arena, 120, 512, 1, 1);
            var list = new GroupedGemm();
            int[][] parts = {{0, 60}, {0, 60}, {0, 5}, {60, 50}, {60, 60}};
            DType[] types = {DType.Q4_K, DType.Q6_K, DType.Q4_0, DType.Q4_0, DType.MXFP4};
            for (int i = 0; i < parts.length; i++) {
                Tensor w = Fixtures.random(arena, types[i], 30 + 20 * i, 512, i);
                list.add(Tensor.allocate(arena, DType.F32, 70, w.rows()), i, x, parts[i][0], parts[i][1], w);
            }
            kernels.linearGroupedQuantized(list, Tensor.allocate(arena, DType.F32, 60, 512));
            for (int i = 0; i < list.size(); i++) {
                GroupedGemm.Problem p = list.get(i);
                Tensor alone = Tensor.allocate(arena, DType.F32, p.numRows(), p.w().rows());
                kernels.linearQuantized(alone, x.rows(p.xRow(), p.xRow() + p.numRows()), p.w(), x);
                Fixtures.assertSameBits(alone.toArray(), p.y().rows(i, i + p.numRows()).toArray());
                for (int row = 0; row < p.y().rows(); row++) {
                    boolean isResult = row >= i && row < i + p.numRows();
                    assertEquals(isResult, p.y().get((long) row * p.y().cols()) != 0,
                            "row " + row + " of product " + i);
                }
            }
        });
    }

    @Test
    void rejectsShapesThatDoNotFit() {
        with(1, (kernels, arena) -> {
            Tensor w = Fixtures.random(arena, DType.Q4_0, 40, 64, 1);
            Tensor x = numbers(arena, 50, 64, 0, 1);
            for (long[] shape : new long[][] {{50, 39}, {49, 40}, {51, 40}, {50, 41}}) {
                Tensor y = Tensor.allocate(arena, DType.F32, shape);
                assertThrows(IllegalArgumentException.class, () -> kernels.linearQuantized(y, x, w, x));
            }
        });
    }
}
