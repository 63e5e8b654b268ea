package glia.peer;

import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.engine.pass.Engine;
import glia.engine.state.Sequence;
import glia.lab.Perplexity;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.KeyValueType;
import glia.text.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/// How far the rounded arithmetic, or a KV cache of rounded numbers, strays from the exact one on a text: the mean
/// Kullback-Leibler divergence `Σ p · (ln p - ln q)` of the next token's probabilities, p exact and q rounded, how
/// often both have the same best token, and both perplexities. Windows are those of `Perplexity`, of which the second
/// half counts.
public final class Divergence {
    private final double[] exact;
    private final double[] rounded;
    private double sum;
    private int same;
    private int positions;
    private double lossExact;
    private double lossRounded;

    private Divergence(int vocabulary) {
        exact = new double[vocabulary];
        rounded = new double[vocabulary];
    }

    /// Prints a line.
    ///
    /// @param args the model, the text's file, the most windows, and the type of a KV cache if that is all that is
    ///     rounded
    public static void main(String[] args) throws Exception {
        if (args.length < 3 || args.length > 4) {
            System.err.println("usage: MODEL TEXT WINDOWS [KV cache type]");
            System.exit(2);
        }
        LoadOptions options = LoadOptions.defaults().withPrecision(Precision.EXACT);
        try (LanguageModel exact = LanguageModel.load(Path.of(args[0]), options);
                LanguageModel rounded = LanguageModel.load(Path.of(args[0]), args.length == 3
                        ? options.withPrecision(Precision.FAST)
                        : options.withKeyValueType(KeyValueType.named(args[3]).orElseThrow()))) {
            Tokenizer tokenizer = exact.tokenizer();
            int[] tokens = tokenizer.encode(Files.readString(Path.of(args[1])), true);
            int bos = tokenizer.addsBos() ? tokenizer.bos().orElseThrow() : -1;
            int windows = Perplexity.numWindows(tokens.length, Integer.parseInt(args[2]));
            var divergence = new Divergence(exact.engine().model().spec().vocabSize());
            for (int w = 0; w < windows; w++) {
                divergence.add(exact.engine(), rounded.engine(), Perplexity.window(tokens, w, bos));
            }
            divergence.print(rounded.engine().ops().kernels().name());
        }
    }

    private void add(Engine a, Engine b, int[] window) {
        try (Sequence p = a.open(); Sequence q = b.open()) {
            Tensor ofExact = Perplexity.secondHalf(a, p, window);
            Tensor ofRounded = Perplexity.secondHalf(b, q, window);
            for (int row = 0; row < ofExact.rows(); row++) {
                logProbabilities(a.ops().kernels(), ofExact, row, exact);
                logProbabilities(b.ops().kernels(), ofRounded, row, rounded);
                same += a.ops().kernels().argmax(ofExact, row) == b.ops().kernels().argmax(ofRounded, row) ? 1 : 0;
                add(window[Perplexity.FIRST_SCORED + row + 1]);
            }
        }
    }

    private void add(int next) {
        for (int i = 0; i < exact.length; i++) {
            sum += Math.exp(exact[i]) * (exact[i] - rounded[i]);
        }
        lossExact -= exact[next];
        lossRounded -= rounded[next];
        positions++;
    }

    private static void logProbabilities(Kernels kernels, Tensor logits, int row, double[] to) {
        double logSumExp = kernels.logSumExp(logits, row);
        for (int i = 0; i < to.length; i++) {
            to[i] = logits.get((long) row * logits.cols() + i) - logSumExp;
        }
    }

    private void print(String kernels) {
        double perplexity = Math.exp(lossExact / positions);
        double other = Math.exp(lossRounded / positions);
        System.out.printf(Locale.ROOT, "kernels %s, %d positions: KL %.6f, same best token %.2f %%, perplexity exact "
                + "%.4f, rounded %.4f (%+.3f %%)%n", kernels, positions, sum / positions, 100.0 * same / positions,
                perplexity, other, 100 * (other / perplexity - 1));
    }
}
