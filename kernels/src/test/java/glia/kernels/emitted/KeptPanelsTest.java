package glia.kernels.emitted;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import glia.kernels.code.IsaLevelTest;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/// F32 weights that stay packed give the bits of weights that are packed for each product, before and after updates.
class KeptPanelsTest extends IsaLevelTest {
    @Test
    void keptPanelsGiveTheSameBits() {
        for (int numWorkers : new int[] {1, 2}) {
            try (Workers workers = new Workers(numWorkers)) {
                Kernels kernels = new EmittedKernels(workers, level);
                for (int[] shape : new int[][] {{1, 1}, {47, 33}, {48, 256}, {49, 300}, {200, 17}, {96, 1100}}) {
                    for (int tokens : new int[] {4, 17, 130}) {
                        check(kernels, tokens, shape[0], shape[1]);
                    }
                }
            }
        }
    }

    private static void check(Kernels kernels, int tokens, int outputs, int inputs) {
        try (Arena arena = Arena.ofShared()) {
            Tensor w = Fixtures.random(arena, DType.F32, outputs, inputs, 1);
            Tensor x = Fixtures.random(arena, DType.F32, tokens, inputs, 2);
            for (int update = 0; update < 3; update++) {
                Tensor expected = Tensor.allocate(arena, DType.F32, tokens, outputs);
                kernels.linear(expected, x, w);
                for (int time = 0; time < 3; time++) {
                    Tensor y = Tensor.allocate(arena, DType.F32, tokens, outputs);
                    kernels.linearPacked(y, x, w);
                    assertArrayEquals(expected.toArray(), y.toArray(), 0, tokens + " tokens, weight [" + outputs + ", "
                            + inputs + "], update " + update + ", time " + time);
                }
                w.copyFrom(Fixtures.random(arena, DType.F32, outputs, inputs, 3 + update));
            }
        }
    }
}
