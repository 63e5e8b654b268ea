package glia.kernels.emitted;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.kernels.amx.Int16Product;
import glia.kernels.code.IsaLevel;
import glia.kernels.panels.PackedWeights;
import glia.kernels.panels.PanelFormat;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.Allocation;
import glia.tensor.kernel.KernelContract;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(IsaLevel.class)
class EmittedKernelsTest extends KernelContract {
    @Parameter
    IsaLevel level;

    @BeforeEach
    void levelRunsHere() {
        EmittedKernelsUnderTest.assumeItRuns(level);
    }

    @Override
    public Kernels kernels(Workers workers) {
        return new EmittedKernels(workers, level);
    }

    /// Tile sizes, the number of workers and the distribution of work do not change a bit; nor do other tokens, as long
    /// as they are few, or many.
    @ParameterizedTest
    @EnumSource(PanelFormat.class)
    void eachTokensResultsDoNotDependOnTheOthers(PanelFormat format) {
        int many = level == IsaLevel.AMX ? Int16Product.MIN_TOKENS : Integer.MAX_VALUE;
        for (int count : new int[] {1, 3}) {
            try (Workers workers = new Workers(count); Arena arena = Arena.ofShared()) {
                Kernels kernels = kernels(workers);
                Tensor w = Fixtures.random(arena, format.type, 70, 512, 1);
                Tensor x = Fixtures.random(arena, DType.F32, 150, 512, 2);
                for (int i = 7; i < x.size(); i += 480) {
                    x.set(i, 30);
                }
                for (int[] range : new int[][] {{0, 150}, {0, 47}}) {
                    Tensor all = product(kernels, arena, x.rows(range[0], range[1]), w);
                    for (int[] part : new int[][] {{0, 1}, {1, 3}, {3, 19}, {19, 36}, {36, 47}, {36, 136}, {0, 48}}) {
                        if (part[1] <= range[1] && part[1] - part[0] >= many == range[1] >= many) {
                            Fixtures.assertSameBits(all.rows(part[0], part[1]).toArray(),
                                    product(kernels, arena, x.rows(part[0], part[1]), w).toArray());
                        }
                    }
                }
            }
        }
    }

    private static Tensor product(Kernels kernels, Arena arena, Tensor x, Tensor w) {
        Tensor y = Tensor.allocate(arena, DType.F32, x.rows(), w.rows());
        kernels.linearQuantized(y, x, w, x);
        return y;
    }

    @Test
    void weightsArePackedOnceForEachTensor() {
        try (Workers workers = new Workers(2); Arena arena = Arena.ofShared()) {
            var packed = new PackedWeights(workers);
            Tensor w = Fixtures.random(arena, DType.Q4_0, 40, 64, 1);
            var first = packed.of(PanelFormat.Q4_0, w);
            assertEquals(3 * 2 * (256 + 32), first.byteSize());
            assertEquals(first.address(), packed.of(PanelFormat.Q4_0, w).address());
            assertTrue(first.address() != packed.of(PanelFormat.Q4_0, w.rows(0, 40)).address());
        }
    }

    @Test
    void rejectsShapesThatDoNotFit() {
        try (Workers workers = new Workers(1); Arena arena = Arena.ofShared()) {
            Kernels kernels = kernels(workers);
            Tensor w = Fixtures.random(arena, DType.Q4_0, 40, 64, 1);
            Tensor x = Tensor.allocate(arena, DType.F32, 3, 64);
            for (long[] shape : new long[][] {{3, 39}, {2, 40}, {4, 40}, {3, 41}}) {
                Tensor y = Tensor.allocate(arena, DType.F32, shape);
                assertThrows(IllegalArgumentException.class, () -> kernels.linearQuantized(y, x, w, x));
            }
            Tensor narrow = Tensor.allocate(arena, DType.F32, 3, 32);
            Tensor y = Tensor.allocate(arena, DType.F32, 3, 40);
            assertThrows(IllegalArgumentException.class, () -> kernels.linearQuantized(y, narrow, w, x));
        }
    }

    @Test
    void allocatesNothingOnceWarm() {
        try (Workers workers = new Workers(2); Arena arena = Arena.ofShared()) {
            Kernels kernels = kernels(workers);
            Tensor w = Fixtures.random(arena, DType.Q4_K, 48, 256, 1);
            for (int tokens : new int[] {60, 20}) {
                Tensor x = Fixtures.random(arena, DType.F32, tokens, 256, 2);
                Tensor y = Tensor.allocate(arena, DType.F32, tokens, 48);
                for (int i = 0; i < 20_000; i++) {
                    kernels.linearQuantized(y, x, w, x);
                }
                long before = Allocation.bytes();
                for (int i = 0; i < 1000; i++) {
                    kernels.linearQuantized(y, x, w, x);
                }
                long allocated = Allocation.bytes() - before;
                assertTrue(allocated < 5_000, allocated + " bytes in 1000 calls of " + tokens + " tokens");
            }
        }
    }
}
