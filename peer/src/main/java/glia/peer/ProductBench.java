package glia.peer;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.choice.KernelSets;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/// The matrix products of training, GFLOP/s as medians after a warm-up: forward `x·wᵀ`, the gradient of the input
/// `dy·w`, and of the weight `dyᵀ·x`, in F32 and, where that is faster, with factors rounded to BF16. `products.py`
/// measures PyTorch's.
public final class ProductBench {
    private static final int THREADS = 2;
    private static final int ROUNDS = 9;
    private static final double WARM_UP_SECONDS = 0.6;
    private static final double ROUND_SECONDS = 0.15;
    /// Tokens, inputs, outputs.
    private static final int[][] SHAPES = {{2048, 768, 3072}, {1024, 768, 768}, {512, 384, 1536}, {2048, 2048, 2048}};

    private ProductBench() { }

    /// Prints the table.
    ///
    /// @param args the set of kernels, by default the best
    public static void main(String[] args) {
        try (Workers workers = new Workers(THREADS); Arena arena = Arena.ofConfined()) {
            Kernels kernels = KernelSets.choose(args.length > 0 ? args[0] : "auto", workers).kernels();
            Random random = new Random(1);
            System.out.println(kernels.name() + ", " + THREADS + " threads; tokens × inputs × outputs, GFLOP/s: "
                    + "forward, input's gradient, weight's gradient");
            for (int[] shape : SHAPES) {
                Tensor x = random(arena, random, shape[0], shape[1]);
                Tensor w = random(arena, random, shape[2], shape[1]);
                Tensor y = random(arena, random, shape[0], shape[2]);
                Tensor dx = random(arena, random, shape[0], shape[1]);
                Tensor dw = random(arena, random, shape[2], shape[1]);
                double flop = 2.0 * shape[0] * shape[1] * shape[2];
                System.out.printf(Locale.ROOT, "%d × %d × %d   F32 %4.0f %4.0f %4.0f", shape[0], shape[1], shape[2],
                        rate(flop, () -> kernels.linear(y, x, w)),
                        rate(flop, () -> kernels.linearBackwardInput(dx, y, w)),
                        rate(flop, () -> kernels.linearBackwardWeight(dw, y, x)));
                if (kernels.multipliesBf16()) {
                    System.out.printf(Locale.ROOT, "   BF16 %4.0f %4.0f %4.0f",
                            rate(flop, () -> kernels.linearBf16(y, x, w)),
                            rate(flop, () -> kernels.linearBackwardInputBf16(dx, y, w)),
                            rate(flop, () -> kernels.linearBackwardWeightBf16(dw, y, x)));
                }
                System.out.println();
            }
        }
    }

    private static Tensor random(Arena arena, Random random, int rows, int cols) {
        Tensor t = Tensor.allocate(arena, DType.F32, rows, cols);
        for (long i = 0; i < t.size(); i++) {
            t.set(i, random.nextFloat() - 0.5f);
        }
        return t;
    }

    private static double rate(double flop, Runnable product) {
        run(product, WARM_UP_SECONDS);
        double[] rates = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            rates[i] = flop * run(product, ROUND_SECONDS) / 1e9;
        }
        Arrays.sort(rates);
        return rates[ROUNDS / 2];
    }

    /// Runs a second.
    private static double run(Runnable product, double seconds) {
        long start = System.nanoTime();
        int count = 0;
        do {
            product.run();
            count++;
        } while (System.nanoTime() - start < seconds * 1e9);
        return count / ((System.nanoTime() - start) / 1e9);
    }
}
