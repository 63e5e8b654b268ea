package glia.engine.schedule;

import glia.engine.sampling.TokenLogProbability;
import java.util.List;

/// Receives each token of a request, on the thread that computes: it must be quick and may not wait for the scheduler.
/// An exception fails its own request only.
@FunctionalInterface
public interface TokenListener {
    /// Ignores all tokens.
    TokenListener NONE = new TokenListener() {
        @Override
        public boolean token(int sample, int token, float logProbability) {
            return true;
        }
    };

    /// Receives a token, stop tokens included.
    ///
    /// @param sample the number of the sample, from 0
    /// @param logProbability of the token under the model's own distribution; NaN if not requested
    /// @return false to end the sample with [Finish#STOP]
    boolean token(int sample, int token, float logProbability);

    /// Receives a token with the most probable tokens, best first, if requested.
    default boolean token(int sample, int token, float logProbability, List<TokenLogProbability> alternatives) {
        return token(sample, token, logProbability);
    }

    /// Is called after a chunk of a prompt that is not its last.
    ///
    /// @param numRead tokens of the prompt that are computed
    /// @param length tokens of the prompt
    default void prefilled(int numRead, int length) { }

    /// Is called at the end of a sample.
    default void ended(int sample, Completion completion) { }
}
