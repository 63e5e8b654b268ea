package glia.tensor.kernel.scalar;

import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Allocation;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KernelContract;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.RopeTable;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class ScalarKernelsTest extends KernelContract {
    private static final AttentionShape SHAPE = new AttentionShape(4, 2, 16, 16, 0.25f, new Span.Sliding(30));

    @Override
    public Kernels kernels(Workers workers) {
        return new ScalarKernels(workers);
    }

    @Override
    public int[] tokensOfUpdates() {
        return new int[] {1, 3};
    }

    /// Scalar attention reads blocks of 64 positions and nothing longer.
    @Override
    public int tokensOfLongText() {
        return 300;
    }

    @Test
    void allocatesNothingOnceWarm() {
        try (Workers workers = new Workers(2); Arena arena = Arena.ofShared()) {
            Kernels kernels = kernels(workers);
            Tensor x = Fixtures.random(arena, DType.F32, 8, 64, 1);
            Tensor y = Tensor.allocate(arena, DType.F32, 8, 64);
            Tensor square = Fixtures.random(arena, DType.F32, 64, 64, 2);
            Tensor quantized = Fixtures.random(arena, DType.Q4_0, 64, 64, 3);
            Tensor w = Fixtures.random(arena, DType.F32, 1, 64, 4);
            Tensor cached = Fixtures.random(arena, DType.F32, 40, 32, 5);
            KeyValues[] keyValues = {KeyValues.of(cached, cached)};
            Runs runs = new Runs().add(8, 32);
            RopeTable rope = new RopeTable(new float[8], 1, RopeTable.Layout.HALF_SPLIT);
            int[] ids = {0, 9, 63, 7, 7, 7, 1, 2};
            Runnable pass = () -> {
                kernels.gather(x, quantized, ids, 8);
                kernels.rmsNorm(y, x, w, 1e-5f, 0);
                kernels.layerNorm(y, y, w, w, 1e-5f);
                kernels.quantizeActivations(y, y);
                kernels.linear(x, y, quantized);
                kernels.addRow(x, x, w);
                kernels.rotate(x, 16, rope, runs.positions(), 1);
                kernels.attention(y, null, x, keyValues, runs, SHAPE);
                kernels.gated(x, y, y, Activation.SILU);
                kernels.activate(x, x, Activation.GELU);
                kernels.add(x, x, y, 1);
                kernels.scale(x, x, 0.1f);
                kernels.linearBackwardInput(y, x, quantized);
                kernels.linearBackwardWeight(square, x, y);
                kernels.argmax(x, 3);
                kernels.logSumExp(x, 3);
            };
            for (int i = 0; i < 20; i++) {
                pass.run();
            }
            long before = Allocation.bytes();
            for (int i = 0; i < 100; i++) {
                pass.run();
            }
            long allocated = Allocation.bytes() - before;
            assertTrue(allocated < 5_000, allocated + " bytes in 1600 calls");
        }
    }
}
