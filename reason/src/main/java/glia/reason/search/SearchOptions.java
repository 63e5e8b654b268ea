package glia.reason.search;

import glia.engine.sampling.SamplingOptions;
import java.util.Optional;
import java.util.function.Function;

/// Options of searches.
///
/// @param sampling how tokens are sampled; its seed is not used
/// @param maxTokens the most tokens that a search may generate for one question, all its answers together; forced
///     tokens and end tokens count
/// @param answerTokens the most tokens of one answer
/// @param stepTokens the most tokens of a step
/// @param reader reads the final answer of a completion in a normal form, so that equal answers are equal texts; empty
///     if there is none
/// @param scorer scores answers and beginnings of answers
public record SearchOptions(SamplingOptions sampling, int maxTokens, int answerTokens, int stepTokens,
        Function<String, Optional<String>> reader, Scorer scorer) {
    private static final int STEP_TOKENS = 128;

    /// @throws IllegalArgumentException if a number is below 1
    public SearchOptions {
        positive("most tokens of a search", maxTokens);
        positive("most tokens of an answer", answerTokens);
        positive("most tokens of a step", stepTokens);
    }

    /// Steps of up to 128 tokens, scored by their likelihood.
    public SearchOptions(SamplingOptions sampling, int maxTokens, int answerTokens,
            Function<String, Optional<String>> reader) {
        this(sampling, maxTokens, answerTokens, STEP_TOKENS, reader, Scorer.likelihood());
    }

    private static void positive(String what, int number) {
        if (number < 1) {
            throw new IllegalArgumentException(what + ": found " + number + ", expected 1 or more");
        }
    }

    public SearchOptions withScorer(Scorer other) {
        return new SearchOptions(sampling, maxTokens, answerTokens, stepTokens, reader, other);
    }

    public SearchOptions withMaxTokens(int other) {
        return new SearchOptions(sampling, other, answerTokens, stepTokens, reader, scorer);
    }

    public SearchOptions withStepTokens(int other) {
        return new SearchOptions(sampling, maxTokens, answerTokens, other, reader, scorer);
    }
}
