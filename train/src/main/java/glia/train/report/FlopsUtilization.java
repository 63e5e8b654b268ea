package glia.train.report;

import glia.model.cost.TokenCost;
import glia.model.spec.ModelSpec;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.lang.foreign.Arena;

/// Model FLOPs utilization (MFU): the share of the machine's peak that a run's matrix multiplications, attention and
/// recurrences would need. What activation checkpointing computes again does not count.
///
/// @param flopsPerToken of a training step
/// @param peakFlops FLOPs per second
/// @see <a href="https://arxiv.org/abs/2204.02311">PaLM, appendix B</a>
public record FlopsUtilization(double flopsPerToken, double peakFlops) {
    private static final int TOKENS = 192;
    private static final int WIDTH = 1024;
    private static final long MEASURE_NANOS = 300_000_000;
    private static final int LEAST_REPETITIONS = 3;

    /// The utilization of a run that trains all weights: three times the forward pass's FLOPs, one for the output, one
    /// for the gradient of the input and one for that of the weights, at the mean position.
    ///
    /// @param sequenceLength tokens of a training sequence
    public static FlopsUtilization of(ModelSpec spec, int sequenceLength, double peakFlops) {
        return new FlopsUtilization(3.0 * TokenCost.operations(spec, sequenceLength / 2), peakFlops);
    }

    /// Measures the machine's peak: the fastest of several matrix multiplications `[192, 1024] · [1024, 1024]` on all
    /// threads of a backend. Takes about 0.3 seconds.
    ///
    /// @param bf16 whether the factors are rounded to BF16, as in mixed precision
    /// @return FLOPs per second
    public static double peak(Kernels kernels, boolean bf16) {
        try (Arena arena = Arena.ofShared()) {
            Tensor x = Tensor.allocate(arena, DType.F32, TOKENS, WIDTH);
            Tensor w = Tensor.allocate(arena, DType.F32, WIDTH, WIDTH);
            Tensor y = Tensor.allocate(arena, DType.F32, TOKENS, WIDTH);
            double best = Double.POSITIVE_INFINITY;
            long start = System.nanoTime();
            for (int i = 0; i < LEAST_REPETITIONS || System.nanoTime() - start < MEASURE_NANOS; i++) {
                long from = System.nanoTime();
                if (bf16) {
                    kernels.linearBf16(y, x, w);
                } else {
                    kernels.linear(y, x, w);
                }
                best = Math.min(best, (System.nanoTime() - from) / 1e9);
            }
            return 2.0 * TOKENS * WIDTH * WIDTH / best;
        }
    }

    /// The share of the peak at a speed.
    public double at(double tokensPerSecond) {
        return flopsPerToken * tokensPerSecond / peakFlops;
    }
}
