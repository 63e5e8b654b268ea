package glia.tensor.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.format.Fixtures;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.kernels.KernelBackends;
import java.lang.foreign.Arena;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which kernel each precision uses, by the bits of the results: alone and grouped.
class PrecisionTest {
    private static final int TOKENS = 5;
    private static final int ROWS = 40;
    private static final int COLS = 64;

    /// @param taken the kernel used on processors with BF16 instructions; others use the exact one in place of `BF16`
    @ParameterizedTest
    @CsvSource({
        "EXACT, F32, EXACT", "EXACT, BF16, EXACT", "EXACT, Q8_0, EXACT",
        "FAST, F32, EXACT", "FAST, F16, EXACT", "FAST, BF16, BF16", "FAST, Q8_0, ROUNDED",
        "HALF, F32, BF16", "HALF, F16, BF16", "HALF, BF16, BF16", "HALF, Q8_0, ROUNDED"})
    void decidesWhichProduct(Precision precision, DType type, String taken) {
        try (Arena arena = Arena.ofShared(); Workers workers = new Workers(2)) {
            Kernels kernels = KernelBackends.choose("auto", workers).kernels();
            Tensor x = Fixtures.random(arena, DType.F32, TOKENS, COLS, 1);
            Tensor w = Fixtures.random(arena, type, ROWS, COLS, 2);
            Tensor expected = Tensor.allocate(arena, DType.F32, TOKENS, ROWS);
            switch (taken) {
                case "ROUNDED" -> kernels.linearQuantized(expected, x, w,
                        Tensor.allocate(arena, DType.F32, TOKENS, COLS));
                case "BF16" -> {
                    if (kernels.multipliesBf16()) {
                        kernels.linearBf16Packed(expected, x, w);
                    } else {
                        kernels.linear(expected, x, w);
                    }
                }
                default -> kernels.linear(expected, x, w);
            }
            try (Compute ops = new Compute(kernels, precision)) {
                Weight weight = new Weight.Stored(w);
                assertSame(expected, ops.linear(x, weight));
                for (Tensor each : ops.linear(x, new Weight[] {weight, weight})) {
                    assertSame(expected, each);
                }
            }
        }
    }

    private static void assertSame(Tensor expected, Tensor found) {
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(Memory.f32(expected.address() + 4L * i), Memory.f32(found.address() + 4L * i), "number " + i);
        }
    }
}
