package glia.engine;

/// Hears an answer as it is made.
@FunctionalInterface
public interface TextListener {
    /// The next piece of text, never half a character; often empty pieces are left out.
    void text(String piece);

    /// Asked before each token: true ends the answer.
    default boolean cancelled() {
        return false;
    }
}
