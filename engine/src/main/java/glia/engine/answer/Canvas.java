package glia.engine.answer;

import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/// The answer of a text diffusion model after a step: its text with what may still change.
///
/// @param step the steps so far
public record Canvas(int step, List<Span> spans) {
    /// The state of tokens.
    public enum State {
        /// They cannot change any more, and neither can those before them.
        FINAL,
        /// Set, or accepted in this step.
        SET,
        /// Noise: masks, or the most probable tokens of this step.
        NOISE
    }

    /// Neighbouring tokens in the same state. A mask is `░`.
    public record Span(State state, String text) { }

    /// The canvas of generated tokens.
    ///
    /// @param numFinal the number of tokens that are final
    /// @param isSet whether the token at a place is set
    /// @param isMask whether a token is the mask
    public static Canvas of(Tokenizer tokenizer, int step, int[] tokens, int numFinal, IntPredicate isSet,
            IntPredicate isMask) {
        List<Span> spans = new ArrayList<>();
        for (int from = 0, to = 0; from < tokens.length; from = to) {
            State state = state(from, numFinal, isSet);
            while (to < tokens.length && state(to, numFinal, isSet) == state) {
                to++;
            }
            int[] run = Arrays.copyOfRange(tokens, from, to);
            boolean isMasked = state == State.NOISE && Arrays.stream(run).allMatch(isMask);
            spans.add(new Span(state, isMasked ? "░".repeat(run.length)
                    : text(tokenizer, tokens, from > 0 && !isMask.test(tokens[from - 1]) ? from - 1 : from, from, to)));
        }
        return new Canvas(step, List.copyOf(spans));
    }

    /// The text of tokens, with the space that stands between them and the token before.
    ///
    /// @param start the token before; `from` after a mask, which has no text
    private static String text(Tokenizer tokenizer, int[] tokens, int start, int from, int to) {
        String before = tokenizer.decode(Arrays.copyOfRange(tokens, start, from), true);
        String both = tokenizer.decode(Arrays.copyOfRange(tokens, start, to), true);
        return both.startsWith(before) ? both.substring(before.length()) : both;
    }

    private static State state(int place, int numFinal, IntPredicate isSet) {
        return place < numFinal ? State.FINAL : isSet.test(place) ? State.SET : State.NOISE;
    }
}
