package glia.engine.schedule;

import glia.engine.sampling.TokenLogProbability;
import java.util.List;

/// Hears each token of a request as it is chosen, on the thread that computes: it must be quick, and may not wait for
/// the scheduler. What it throws fails its own text and no other.
@FunctionalInterface
public interface TokenListener {
    /// Hears nothing and lets everything go on.
    TokenListener NONE = new TokenListener() {
        @Override
        public boolean token(int sample, int token, float logProbability) {
            return true;
        }
    };

    /// A token was chosen, a stop token too.
    ///
    /// @param sample which text of the request, from 0
    /// @param logProbability of the token under the model's own distribution; NaN if the request does not want it
    /// @return whether to go on; false ends the text with [Finish#STOP]
    boolean token(int sample, int token, float logProbability);

    /// The same, with the most probable tokens, best first, if the request wants them.
    default boolean token(int sample, int token, float logProbability, List<TokenLogProbability> alternatives) {
        return token(sample, token, logProbability);
    }

    /// A text has ended.
    default void ended(int sample, Completion completion) { }
}
