package glia.peer;

import glia.engine.LanguageModel;
import glia.engine.embedding.Embedder;
import glia.engine.embedding.EmbeddingConfig;
import glia.engine.load.LoadOptions;
import glia.model.layout.Pooling;
import glia.tensor.Precision;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/// Embeddings a second of Glia beside ONNX Runtime, in turns in one process, as medians after a warm-up.
public final class EmbeddingBench {
    private static final int THREADS = 2;
    private static final int ROUNDS = 15;
    private static final double ROUND_SECONDS = 0.3;

    private EmbeddingBench() { }

    private interface Run {
        Object once() throws Exception;
    }

    /// Prints the table.
    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("minilm");
        MiniLm.convert(folder);
        try (MiniLm onnx = new MiniLm(THREADS);
                LanguageModel exact = LanguageModel.load(folder, options(Precision.EXACT));
                LanguageModel half = LanguageModel.load(folder, options(Precision.HALF))) {
            System.out.println("all-MiniLM-L6-v2, " + THREADS + " threads, kernels " + half.kernels().kernels().name()
                    + "; texts a second");
            System.out.println("texts  tokens  ONNX Runtime  exact  ratio  half  ratio");
            Embedder exactly = new Embedder(exact, EmbeddingConfig.of(Pooling.MEAN, true));
            Embedder halved = new Embedder(half, EmbeddingConfig.of(Pooling.MEAN, true));
            for (int tokens : new int[] {16, 128}) {
                for (int count : new int[] {1, 32}) {
                    List<int[]> texts = texts(count, tokens);
                    List<Embedder.Input> inputs = texts.stream().map(Embedder.Input::of).toList();
                    double[] rates = rates(count, () -> onnx.embed(texts), () -> exactly.embed(inputs),
                            () -> halved.embed(inputs));
                    System.out.printf(Locale.ROOT, "%5d  %6d  %12.1f  %7.1f  %4.2f  %7.1f  %4.2f%n", count, tokens,
                            rates[0], rates[1], rates[1] / rates[0], rates[2], rates[2] / rates[0]);
                }
            }
        }
    }

    private static LoadOptions options(Precision precision) {
        return new LoadOptions(THREADS, 0, "auto", precision);
    }

    private static List<int[]> texts(int count, int tokens) {
        Random random = new Random(4);
        List<int[]> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            texts.add(random.ints(tokens, 1000, 30_000).toArray());
        }
        return texts;
    }

    private static double[] rates(int texts, Run... runs) throws Exception {
        double[][] all = new double[runs.length][ROUNDS];
        for (int round = -3; round < ROUNDS; round++) {
            for (int i = 0; i < runs.length; i++) {
                long start = System.nanoTime();
                int count = 0;
                do {
                    runs[i].once();
                    count++;
                } while (System.nanoTime() - start < ROUND_SECONDS * 1e9);
                if (round >= 0) {
                    all[i][round] = texts * count / ((System.nanoTime() - start) / 1e9);
                }
            }
        }
        return Arrays.stream(all).mapToDouble(rates -> {
            Arrays.sort(rates);
            return rates[ROUNDS / 2];
        }).toArray();
    }
}
