package glia.lab;

import glia.engine.pass.Engine;
import glia.engine.score.PromptScorer;
import glia.engine.state.Sequence;
import glia.model.block.Pass.Outputs;
import glia.tensor.Tensor;
import java.util.Arrays;

/// Perplexity of a text under a model: `exp(mean_t -ln p(token t | tokens before it))`. The text is cut into windows of
/// 512 tokens; in each, the tokens of the second half are scored, so that all have at least 256 tokens of context. A
/// last, partial window is left out. llama.cpp computes it in the same way.
public final class Perplexity {
    /// Tokens in a window.
    public static final int WINDOW_TOKENS = 512;
    /// The token of a window that predicts the first scored token.
    public static final int FIRST_SCORED = WINDOW_TOKENS / 2;
    /// Scored tokens of a window.
    public static final int SCORED_TOKENS = WINDOW_TOKENS - 1 - FIRST_SCORED;

    /// Is called after each window.
    public interface Listener {
        /// @param perplexity over the windows so far
        void window(int done, int total, double perplexity);
    }

    private Perplexity() { }

    /// The number of whole windows in a text, or `limit` if that is less and not 0.
    public static int numWindows(int numTokens, int limit) {
        int whole = numTokens / WINDOW_TOKENS;
        return limit == 0 ? whole : Math.min(limit, whole);
    }

    /// @param tokens the text
    /// @param bos the token that replaces the first of each window, or -1 where the tokenizer adds none
    /// @param limit the most windows, 0 for all
    /// @throws IllegalArgumentException if the text does not fill a window
    /// @throws IllegalStateException if another thread uses the engine
    public static double of(Engine engine, int[] tokens, int bos, int limit, Listener listener) {
        if (engine.model().spec().encoder().isPresent()) {
            throw new IllegalArgumentException("the model is an encoder-decoder: the perplexity of a text without a "
                    + "source is not defined");
        }
        PromptScorer.requireTokens(engine.model().spec());
        int numWindows = numWindows(tokens.length, limit);
        if (numWindows == 0) {
            throw new IllegalArgumentException("the text has " + tokens.length + " tokens, a window needs "
                    + WINDOW_TOKENS);
        }
        // Results lie in memory of the engine, which other threads would overwrite.
        engine.claim();
        try {
            return claimed(engine, tokens, bos, numWindows, listener);
        } finally {
            engine.release();
        }
    }

    private static double claimed(Engine engine, int[] tokens, int bos, int numWindows, Listener listener) {
        double sum = 0;
        long count = 0;
        for (int w = 0; w < numWindows; w++) {
            int[] window = window(tokens, w, bos);
            try (Sequence sequence = engine.open()) {
                Tensor logits = secondHalf(engine, sequence, window);
                for (int row = 0; row < logits.rows(); row++) {
                    int next = window[FIRST_SCORED + row + 1];
                    sum += engine.ops().kernels().logSumExp(logits, row)
                            - logits.get((long) row * logits.cols() + next);
                    count++;
                }
            }
            listener.window(w + 1, numWindows, Math.exp(sum / count));
        }
        return Math.exp(sum / count);
    }

    /// The tokens of a window.
    ///
    /// @param bos the token that replaces the first, or -1
    public static int[] window(int[] tokens, int number, int bos) {
        int[] window = Arrays.copyOfRange(tokens, number * WINDOW_TOKENS, (number + 1) * WINDOW_TOKENS);
        if (bos >= 0) {
            window[0] = bos;
        }
        return window;
    }

    /// The logits of a window's tokens from `FIRST_SCORED` on, except the last, which predicts a token outside of it.
    public static Tensor secondHalf(Engine engine, Sequence sequence, int[] window) {
        engine.add(sequence, window, 0, FIRST_SCORED, Outputs.NONE);
        engine.run();
        engine.add(sequence, window, FIRST_SCORED, WINDOW_TOKENS - 1, Outputs.ALL);
        return engine.run();
    }
}
