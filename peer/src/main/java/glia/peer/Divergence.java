package glia.peer;

import glia.engine.Engine;
import glia.engine.LanguageModel;
import glia.engine.LoadOptions;
import glia.engine.Perplexity;
import glia.engine.state.Sequence;
import glia.model.block.Pass.Outputs;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.text.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/// How far the rounded arithmetic strays from the exact one on a text: the mean Kullback-Leibler divergence
/// `Σ p · (ln p - ln q)` of the next token's probabilities, p exact and q rounded, how often both have the same best
/// token, and both perplexities. Windows are those of `Perplexity`, of which the second half counts.
public final class Divergence {
    private static final int FIRST = Perplexity.WINDOW_TOKENS / 2;

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
    /// @param args the model, the text's file, the most windows
    public static void main(String[] args) throws Exception {
        if (args.length != 3) {
            System.err.println("usage: MODEL TEXT WINDOWS");
            System.exit(2);
        }
        try (LanguageModel exact = load(args[0], Precision.EXACT);
                LanguageModel rounded = load(args[0], Precision.FAST)) {
            Tokenizer tokenizer = exact.tokenizer();
            int[] tokens = tokenizer.encode(Files.readString(Path.of(args[1])), true);
            int windows = Perplexity.numWindows(tokens.length, Integer.parseInt(args[2]));
            var divergence = new Divergence(exact.engine().model().spec().vocabSize());
            for (int w = 0; w < windows; w++) {
                int[] window = Arrays.copyOfRange(tokens, w * Perplexity.WINDOW_TOKENS,
                        (w + 1) * Perplexity.WINDOW_TOKENS);
                if (tokenizer.addsBos()) {
                    window[0] = tokenizer.bos().orElseThrow();
                }
                divergence.add(exact.engine(), rounded.engine(), window);
            }
            divergence.print(rounded.engine().ops().kernels().name());
        }
    }

    private static LanguageModel load(String model, Precision precision) throws Exception {
        return LanguageModel.load(Path.of(model), LoadOptions.defaults().withPrecision(precision));
    }

    private void add(Engine a, Engine b, int[] window) {
        try (Sequence p = a.open(); Sequence q = b.open()) {
            Tensor ofExact = secondHalf(a, p, window);
            Tensor ofRounded = secondHalf(b, q, window);
            for (int row = 0; row < ofExact.rows(); row++) {
                add(ofExact, ofRounded, row, window[FIRST + row + 1]);
            }
        }
    }

    private static Tensor secondHalf(Engine engine, Sequence sequence, int[] window) {
        engine.add(sequence, window, 0, FIRST, Outputs.NONE);
        engine.run();
        engine.add(sequence, window, FIRST, window.length - 1, Outputs.ALL);
        return engine.run();
    }

    private void add(Tensor ofExact, Tensor ofRounded, int row, int next) {
        int best = logProbabilities(ofExact, row, exact);
        same += logProbabilities(ofRounded, row, rounded) == best ? 1 : 0;
        for (int i = 0; i < exact.length; i++) {
            sum += Math.exp(exact[i]) * (exact[i] - rounded[i]);
        }
        lossExact -= exact[next];
        lossRounded -= rounded[next];
        positions++;
    }

    /// Answers the best token.
    private static int logProbabilities(Tensor logits, int row, double[] to) {
        int best = 0;
        for (int i = 0; i < to.length; i++) {
            to[i] = logits.get((long) row * logits.cols() + i);
            best = to[i] > to[best] ? i : best;
        }
        double largest = to[best];
        double all = 0;
        for (double x : to) {
            all += Math.exp(x - largest);
        }
        double logSumExp = largest + Math.log(all);
        for (int i = 0; i < to.length; i++) {
            to[i] -= logSumExp;
        }
        return best;
    }

    private void print(String kernels) {
        double perplexity = Math.exp(lossExact / positions);
        double other = Math.exp(lossRounded / positions);
        System.out.printf(Locale.ROOT, "kernels %s, %d positions: KL %.6f, same best token %.2f %%, perplexity exact "
                + "%.4f, rounded %.4f (%+.3f %%)%n", kernels, positions, sum / positions, 100.0 * same / positions,
                perplexity, other, 100 * (other / perplexity - 1));
    }
}
