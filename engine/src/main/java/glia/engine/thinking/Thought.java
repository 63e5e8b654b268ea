package glia.engine.thinking;

/// The thinking before an answer.
///
/// @param text its text, without markers and blank characters around it
/// @param tokens number of generated tokens between the markers
/// @param nanos from its first token to its end
/// @param isFinished false if generation ended within it, so that there is no answer
public record Thought(String text, int tokens, long nanos, boolean isFinished) {
    /// No thinking.
    public static final Thought NONE = new Thought("", 0, 0, true);

    /// Whether the model did not think, or wrote only blank characters.
    public boolean isEmpty() {
        return text.isEmpty();
    }
}
