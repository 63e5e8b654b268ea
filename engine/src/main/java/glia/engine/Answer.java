package glia.engine;

import glia.engine.schedule.Finish;
import glia.engine.thinking.Thought;
import glia.jinja.value.TrustedText;
import glia.text.thinking.Effort;
import java.util.Optional;

/// A finished answer with its statistics.
///
/// @param content its text, in which markers that the model generated as tokens, such as `<think>`, are trusted: in a
///     later prompt they are these tokens again
/// @param promptTokens number of tokens of the whole prompt
/// @param reusedTokens number of prompt tokens that the KV cache held already
/// @param tokens number of generated tokens, those of the thinking included
/// @param draftedTokens number of draft tokens of speculative decoding
/// @param acceptedTokens number of draft tokens that were accepted
/// @param firstTokenNanos from the call to the first token
/// @param totalNanos from the call to the end
/// @param thought the thinking before the answer
/// @param effort the effort of the thinking, of `auto` the router's choice; empty for the template's default
public record Answer(TrustedText content, Finish finish, int promptTokens, int reusedTokens, int tokens,
        int draftedTokens, int acceptedTokens, long firstTokenNanos, long totalNanos, Thought thought,
        Optional<Effort> effort) {
    /// Its text, without the thinking.
    public String text() {
        return content.toString();
    }

    /// Decode speed: tokens per second after the first one; 0 if there were fewer than two.
    public double tokensPerSecond() {
        long nanos = totalNanos - firstTokenNanos;
        return tokens < 2 || nanos <= 0 ? 0 : (tokens - 1) * 1e9 / nanos;
    }

    /// Prefill speed: computed prompt tokens per second.
    public double promptTokensPerSecond() {
        return firstTokenNanos <= 0 ? 0 : (promptTokens - reusedTokens) * 1e9 / firstTokenNanos;
    }
}
