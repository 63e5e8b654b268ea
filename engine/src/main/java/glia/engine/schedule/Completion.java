package glia.engine.schedule;

import glia.engine.sampling.TokenLogProbability;
import java.util.List;
import java.util.Optional;

/// The generated text of one sample of a request, complete or as far as it was generated.
///
/// @param tokens the generated tokens, including the stop token
/// @param logProbabilities of these tokens under the model's own distribution; empty if not requested
/// @param alternatives for each token the most probable ones, best first; empty if not requested
/// @param failure the cause, if the finish is [Finish#FAILED]
/// @param promptTokens number of tokens of the prompt, or of the source of an encoder-decoder
/// @param reusedTokens number of prompt tokens that the KV cache held already
/// @param draftedTokens number of draft tokens of speculative decoding
/// @param acceptedTokens number of draft tokens that were accepted
/// @param preemptions how often the sequence was preempted and prefilled again
/// @param firstTokenNanos from submission to the first token; 0 if none came
/// @param totalNanos from submission to the end
public record Completion(int[] tokens, float[] logProbabilities,
        List<List<TokenLogProbability>> alternatives, Finish finish, Optional<Throwable> failure, int promptTokens,
        int reusedTokens, int draftedTokens, int acceptedTokens, int preemptions, long firstTokenNanos,
        long totalNanos) {
    /// Returns this completion if it did not fail.
    ///
    /// @throws RuntimeException or Error the cause of the failure
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
