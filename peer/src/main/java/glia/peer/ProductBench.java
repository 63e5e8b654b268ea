package glia.peer;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.kernels.KernelBackends;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;

/// The matrix products of training beside PyTorch's, in turns, GFLOP/s: forward `x·wᵀ`, the gradient of the input
/// `dy·w`, and of the weight `dyᵀ·x`, in F32 and with factors rounded to BF16, where that is faster; PyTorch's BF16
/// does the same work, from F32 to F32, and in a line of its own with numbers that are BF16 already.
public final class ProductBench {
    private static final int THREADS = 2;
    private static final double SECONDS = 0.15;
    /// Tokens, inputs, outputs.
    private static final int[][] SHAPES = {{2048, 768, 3072}, {1024, 768, 768}, {512, 384, 1536}, {2048, 2048, 2048}};

    private ProductBench() { }

    /// Prints the table.
    ///
    /// @param args the command of a Python that has PyTorch; this module's products.py; rounds; the kernel backend, by
    ///     default the best; what lines have to contain, by default nothing
    public static void main(String[] args) throws Exception {
        if (args.length < 3) {
            System.err.println("usage: PYTHON products.py ROUNDS [KERNELS [WHAT]]");
            System.exit(2);
        }
        int rounds = Integer.parseInt(args[2]);
        String wanted = args.length > 4 ? args[4] : "";
        try (Workers workers = new Workers(THREADS); Arena arena = Arena.ofConfined();
                PythonPeer torch = new PythonPeer(List.of(args[0], args[1], "" + THREADS, "" + SECONDS))) {
            Kernels kernels = KernelBackends.choose(args.length > 3 ? args[3] : "auto", workers).kernels();
            System.out.println(THREADS + " threads, kernels " + kernels.name() + ", " + torch.name());
            System.out.println("| GFLOP/s, median (least, most) | Glia | PyTorch | ratio |");
            System.out.println("|---|--:|--:|--:|");
            for (int[] shape : SHAPES) {
                print(kernels, torch, rounds, new Factors(arena, shape), wanted);
            }
        }
    }

    private static void print(Kernels kernels, PythonPeer torch, int rounds, Factors f, String wanted)
            throws Exception {
        for (String kind : List.of("F32", "F32toBF16", "BF16")) {
            for (String which : List.of("forward", "input", "weight")) {
                String what = kind + " " + which;
                if (what.contains(wanted)) {
                    Runnable product = product(kernels, !kind.equals("F32") && kernels.multipliesBf16(), which, f);
                    PythonPeer.Turns turns = torch.turns(rounds, () -> rate(f.flop, product), what + " " + f.shape);
                    System.out.printf("| %s, %s | %s | %s | %s |%n", f.shape.replace(" ", " × "), what,
                            PythonPeer.summary(turns.ours(), 0), PythonPeer.summary(turns.theirs(), 0),
                            PythonPeer.summary(turns.ratios(), 2));
                }
            }
        }
    }

    private static Runnable product(Kernels kernels, boolean bf16, String which, Factors f) {
        return switch (which) {
            case "forward" -> bf16 ? () -> kernels.linearBf16(f.y, f.x, f.w) : () -> kernels.linear(f.y, f.x, f.w);
            case "input" -> bf16 ? () -> kernels.linearBackwardInputBf16(f.dx, f.y, f.w)
                    : () -> kernels.linearBackwardInput(f.dx, f.y, f.w);
            default -> bf16 ? () -> kernels.linearBackwardWeightBf16(f.dw, f.y, f.x)
                    : () -> kernels.linearBackwardWeight(f.dw, f.y, f.x);
        };
    }

    private static double rate(double flop, Runnable product) {
        long start = System.nanoTime();
        int count = 0;
        do {
            product.run();
            count++;
        } while (System.nanoTime() - start < SECONDS * 1e9);
        return flop * count / (System.nanoTime() - start);
    }

    /// What is multiplied, and where gradients go.
    private static final class Factors {
        final String shape;
        final double flop;
        final Tensor x;
        final Tensor w;
        final Tensor y;
        final Tensor dx;
        final Tensor dw;

        Factors(Arena arena, int[] shape) {
            Random random = new Random(1);
            this.shape = shape[0] + " " + shape[1] + " " + shape[2];
            flop = 2.0 * shape[0] * shape[1] * shape[2];
            x = random(arena, random, shape[0], shape[1]);
            w = random(arena, random, shape[2], shape[1]);
            y = random(arena, random, shape[0], shape[2]);
            dx = random(arena, random, shape[0], shape[1]);
            dw = random(arena, random, shape[2], shape[1]);
        }

        private static Tensor random(Arena arena, Random random, int rows, int cols) {
            Tensor t = Tensor.allocate(arena, DType.F32, rows, cols);
            for (long i = 0; i < t.size(); i++) {
                t.set(i, random.nextFloat() - 0.5f);
            }
            return t;
        }
    }
}
