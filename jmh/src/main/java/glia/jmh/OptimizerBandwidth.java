package glia.jmh;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.GradientKernels.AdamStep;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.LongSupplier;

/// The memory bandwidth of the optimizer's kernels, next to that of the triad `y = a + s · b` of the STREAM benchmark
/// (https://www.cs.virginia.edu/stream/), on the same threads, alternating. Bytes are counted as in STREAM: each value
/// read or written once; 12 an element for the triad, 28 for the AdamW update.
///
///     OptimizerBandwidth [KERNELS [MILLIONS_OF_ELEMENTS]]
public final class OptimizerBandwidth {
    private static final int ROUNDS = 11;

    private OptimizerBandwidth() { }

    /// Medians of the bandwidths, in GB/s.
    record Result(double triad, double adam, double squares, double zero) { }

    /// @param args see the class
    public static void main(String[] args) {
        String kernels = args.length > 0 ? args[0] : "best";
        int elements = 1_000_000 * (args.length > 1 ? Integer.parseInt(args[1]) : 64);
        print(measure(kernels, elements, ROUNDS, System::nanoTime), System.out);
    }

    static void print(Result r, PrintStream out) {
        out.printf(Locale.ROOT, "triad %.1f GB/s, AdamW %.1f GB/s (%.0f %% of it), sum of squares %.1f GB/s, "
                + "zeroing %.1f GB/s%n", r.triad, r.adam, 100 * r.adam / r.triad, r.squares, r.zero);
    }

    /// @param clock in nanoseconds
    static Result measure(String backend, int elements, int rounds, LongSupplier clock) {
        double[][] rates = new double[4][rounds];
        try (Workers workers = new Workers(Runtime.getRuntime().availableProcessors());
                Arena arena = Arena.ofShared()) {
            Kernels kernels = KernelBackends.choose(backend, workers).kernels();
            Tensor w = Tensor.allocate(arena, DType.F32, 1, elements);
            Tensor m = Tensor.allocate(arena, DType.F32, 1, elements);
            Tensor v = Tensor.allocate(arena, DType.F32, 1, elements);
            Tensor g = Tensor.allocate(arena, DType.F32, 1, elements);
            for (int i = 0; i < elements; i++) {
                w.set(i, 1e-3f * (i % 1000));
                g.set(i, 1e-3f * (i % 777 - 388));
            }
            for (int round = -2; round < rounds; round++) {
                AdamStep step = AdamStep.of(0.9, 0.99, 1e-8, 1e-3, round + 3, 1, 0, 0.9999f);
                int at = Math.max(round, 0);
                rates[0][at] = rate(clock, 12L * elements, () -> kernels.add(m, w, g, 0.5f));
                rates[1][at] = rate(clock, 28L * elements, () -> kernels.gradients().adam(w, m, v, g, step));
                rates[2][at] = rate(clock, 4L * elements, () -> kernels.gradients().sumOfSquares(g));
                rates[3][at] = rate(clock, 4L * elements, () -> kernels.gradients().zero(m));
            }
        }
        for (double[] each : rates) {
            Arrays.sort(each);
        }
        return new Result(rates[0][rounds / 2], rates[1][rounds / 2], rates[2][rounds / 2], rates[3][rounds / 2]);
    }

    private static double rate(LongSupplier clock, long bytes, Runnable work) {
        long start = clock.getAsLong();
        work.run();
        return (double) bytes / (clock.getAsLong() - start);
    }
}
