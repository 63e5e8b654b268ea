package glia.jmh;

import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.AttentionShape;
import glia.tensor.kernel.KeyValueState;
import glia.tensor.kernel.KeyValues;
import glia.tensor.kernel.AttendedPositions;
import glia.tensor.kernel.Runs;
import glia.tensor.kernel.Span;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Compute;
import glia.tensor.ops.attention.SparseAttention;
import glia.tensor.ops.attention.LightningIndexer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/// Measures decode with latent attention after long contexts, dense and sparse (over the keys that an indexer chooses),
/// at the sizes of DeepSeek V3.2, and draws a chart.
///
///     SparseChart FILE.svg [KERNELS]
public final class SparseChart {
    private static final int[] CONTEXTS = {4096, 16_384, 65_536};
    private static final int TOKENS = 8;
    private static final int PAGE_TOKENS = 64;
    private static final int HEADS = 128;
    private static final int LATENT = 512;
    private static final int ROW = 576;
    private static final int CHOSEN = 2048;
    private static final int INDEX_HEADS = 64;
    private static final int INDEX_SIZE = 128;
    private static final int REPEATS = 9;

    private final Arena arena = Arena.ofShared();
    private final SplittableRandom random = new SplittableRandom(1);
    private final Compute ops;
    private final AttentionShape shape = new AttentionShape(HEADS, 1, ROW, LATENT, (float) (1 / Math.sqrt(192)),
            new Span.Causal());

    private SparseChart(Compute ops) {
        this.ops = ops;
    }

    /// @param args see the class
    public static void main(String[] args) throws IOException {
        if (args.length < 1 || args.length > 2) {
            System.err.println("usage: FILE.svg [KERNELS]");
            System.exit(1);
        }
        String kernels = args.length == 2 ? args[1] : "emitted";
        try (Workers workers = new Workers(Runtime.getRuntime().availableProcessors());
                Compute ops = new Compute(KernelBackends.choose(kernels, workers).kernels(), Precision.EXACT)) {
            SparseChart chart = new SparseChart(ops);
            List<LogChart.Line> lines = List.of(new LogChart.Line("dense", new double[CONTEXTS.length]),
                    new LogChart.Line("sparse, the 2048 chosen keys", new double[CONTEXTS.length]),
                    new LogChart.Line("the indexer's choice", new double[CONTEXTS.length]));
            chart.measure(CONTEXTS[0]);
            for (int i = 0; i < CONTEXTS.length; i++) {
                double[] millis = chart.measure(CONTEXTS[i]);
                for (int line = 0; line < millis.length; line++) {
                    lines.get(line).values()[i] = millis[line];
                }
                System.out.printf(Locale.ROOT, "| %d | %.2f ms | %.2f ms | %.2f ms |%n", CONTEXTS[i], millis[0],
                        millis[1], millis[2]);
            }
            Files.writeString(Path.of(args[0]), LogChart.svg("Latent attention of a token, 128 heads, by context",
                    "milliseconds", CONTEXTS, lines));
        }
    }

    /// Milliseconds a token: dense attention, sparse attention, and the indexer.
    private double[] measure(int context) {
        KeyValues rows = pages(context, ROW);
        KeyValues keys = pages(context, INDEX_SIZE);
        Runs runs = new Runs().add(TOKENS, context - TOKENS);
        Tensor q = numbers(TOKENS, HEADS * ROW);
        Tensor row = numbers(TOKENS, ROW);
        AttendedPositions chosen = new AttendedPositions();
        Tensor indexQueries = numbers(TOKENS, INDEX_HEADS * INDEX_SIZE);
        Tensor weights = numbers(TOKENS, INDEX_HEADS);
        Tensor key = numbers(TOKENS, INDEX_SIZE);
        KeyValueState latents = (k, v, r) -> new KeyValues[] {rows};
        KeyValueState indexed = (k, v, r) -> new KeyValues[] {keys};
        double choice = millis(() -> ops.apply(
                new LightningIndexer(indexQueries, key, weights, indexed, runs, CHOSEN, chosen)));
        double sparse = millis(() -> ops.apply(new SparseAttention(q, row, row, latents, runs, chosen, shape)));
        double dense = millis(() -> ops.attention(q, row, row, latents, runs, shape));
        return new double[] {dense, sparse, choice};
    }

    /// The median of several runs, after a warm-up run.
    private double millis(Runnable work) {
        double[] all = new double[REPEATS];
        for (int i = -1; i < REPEATS; i++) {
            long start = System.nanoTime();
            work.run();
            all[Math.max(0, i)] = (System.nanoTime() - start) / 1e6 / TOKENS;
            ops.release(0);
        }
        Arrays.sort(all);
        return all[REPEATS / 2];
    }

    private KeyValues pages(int context, int cols) {
        KeyValues pages = new KeyValues(PAGE_TOKENS, cols, cols);
        pages.setLength(context);
        List<Long> made = new ArrayList<>();
        for (int i = 0; i < Math.ceilDiv(context, PAGE_TOKENS); i++) {
            made.add(numbers(PAGE_TOKENS, cols).address());
        }
        made.forEach(page -> pages.addPage(page, page));
        return pages;
    }

    private Tensor numbers(int rows, int cols) {
        Tensor t = Tensor.allocate(arena, DType.F32, rows, cols);
        for (long i = 0; i < t.size(); i++) {
            t.set(i, (float) random.nextDouble(-1, 1));
        }
        return t;
    }
}
