package glia.engine.schedule;

import glia.engine.sampling.TokenLogProbability;
import java.util.List;
import java.util.Optional;

/// One text that a request has got, whole or as far as it came.
///
/// @param tokens the tokens that were chosen, with the stop token, if one came
/// @param logProbabilities of these under the model's own distribution; empty if they were not wanted
/// @param alternatives for each token the most probable ones, best first; empty if they were not wanted
/// @param failure what ended it, if it is [Finish#FAILED]
/// @param promptTokens tokens of the prompt, or of the source of an encoder-decoder
/// @param reusedTokens those of them that were remembered
/// @param draftedTokens tokens that a draft layer has guessed
/// @param acceptedTokens those of them that were right
/// @param preemptions how often it gave up its memory and was computed again
/// @param firstTokenNanos from submission to the first token; 0 if none came
/// @param totalNanos from submission to the end
public record Completion(int[] tokens, float[] logProbabilities,
        List<List<TokenLogProbability>> alternatives, Finish finish, Optional<Throwable> failure, int promptTokens,
        int reusedTokens, int draftedTokens, int acceptedTokens, int preemptions, long firstTokenNanos,
        long totalNanos) {
    /// The same completion, if it did not fail.
    ///
    /// @throws RuntimeException or Error what made it fail
    public Completion orThrow() {
        if (failure.isEmpty()) {
            return this;
        }
        if (failure.get() instanceof Error e) {
            throw e;
        }
        throw failure.get() instanceof RuntimeException e ? e : new IllegalStateException(failure.get());
    }
}
