package glia.serve.chat;

import glia.engine.GenerationOptions;
import glia.engine.sampling.TokenMask;
import glia.serve.request.CallTerms;
import glia.serve.request.ServeException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.IntFunction;

/// A request for text in the terms that all APIs share.
///
/// @param prompt what to continue
/// @param options sampling, the most tokens, stop strings, thinking
/// @param numSamples the number of answers
/// @param numAlternatives most probable tokens to list with each token; -1 for no log-probabilities at all
/// @param mask token masks by sample, such as those of a grammar
/// @param terms whose request it is, and what it may take
/// @param toolChoice how the tools of a conversation may be used
/// @param endsAtStopTokens whether end-of-generation tokens end an answer; false ignores them
public record GenerationCall(Prompt prompt, GenerationOptions options, int numSamples, int numAlternatives,
        Optional<IntFunction<TokenMask>> mask, CallTerms terms, ToolChoice toolChoice, boolean endsAtStopTokens) {
    /// Checks the limits.
    ///
    /// @throws ServeException if the prompt or the options exceed one
    public GenerationCall {
        options = CallLimits.apply(prompt, options, terms.limits());
    }

    /// A call for one answer without log-probabilities and masks.
    public GenerationCall(Prompt prompt, GenerationOptions options, CallTerms terms) {
        this(prompt, options, 1, -1, Optional.empty(), terms, ToolChoice.AUTO, true);
    }

    /// The same with the usual limits.
    public GenerationCall(Prompt prompt, GenerationOptions options, String caller, String cacheKey, Duration timeout) {
        this(prompt, options, new CallTerms(caller, cacheKey, timeout));
    }

    public GenerationCall withPrompt(Prompt other) {
        return new GenerationCall(other, options, numSamples, numAlternatives, mask, terms, toolChoice,
                endsAtStopTokens);
    }

    public GenerationCall withSamples(int count) {
        return new GenerationCall(prompt, options, count, numAlternatives, mask, terms, toolChoice, endsAtStopTokens);
    }

    /// With log-probabilities.
    ///
    /// @param alternatives most probable tokens to list with each token, 0 or more
    public GenerationCall withLogProbabilities(int alternatives) {
        return new GenerationCall(prompt, options, numSamples, alternatives, mask, terms, toolChoice, endsAtStopTokens);
    }

    public GenerationCall withMask(IntFunction<TokenMask> ofSample) {
        return new GenerationCall(prompt, options, numSamples, numAlternatives, Optional.of(ofSample), terms,
                toolChoice, endsAtStopTokens);
    }

    public GenerationCall withToolChoice(ToolChoice choice) {
        return new GenerationCall(prompt, options, numSamples, numAlternatives, mask, terms, choice, endsAtStopTokens);
    }

    /// End-of-generation tokens do not end an answer.
    public GenerationCall ignoringStopTokens() {
        return new GenerationCall(prompt, options, numSamples, numAlternatives, mask, terms, toolChoice, false);
    }
}
