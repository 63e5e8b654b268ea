package glia.engine;

import glia.engine.schedule.Finish;
import glia.jinja.value.TrustedText;

/// A finished answer and what it took.
///
/// @param content its text, of which the markers are trusted that the model has made as tokens, such as `<think>`; as a
///     message of the conversation, it has the same tokens again
/// @param promptTokens tokens of the whole prompt
/// @param reusedTokens those of them that were remembered from before
/// @param tokens tokens made
/// @param draftedTokens tokens that a layer that drafts has guessed; 0 without one
/// @param acceptedTokens those of them that were right
/// @param firstTokenNanos from the call to the first token
/// @param totalNanos from the call to the end
public record Answer(TrustedText content, Finish finish, int promptTokens, int reusedTokens, int tokens,
        int draftedTokens, int acceptedTokens, long firstTokenNanos, long totalNanos) {
    /// Its text.
    public String text() {
        return content.toString();
    }

    /// Tokens a second after the first one; 0 if there were fewer than two.
    public double tokensPerSecond() {
        long nanos = totalNanos - firstTokenNanos;
        return tokens < 2 || nanos <= 0 ? 0 : (tokens - 1) * 1e9 / nanos;
    }

    /// Prompt tokens computed a second.
    public double promptTokensPerSecond() {
        return firstTokenNanos <= 0 ? 0 : (promptTokens - reusedTokens) * 1e9 / firstTokenNanos;
    }
}
