package glia.engine;

/// Receives the text of an answer as it is generated.
@FunctionalInterface
public interface TextListener {
    /// Receives the next piece of text, which never ends within a character.
    void text(String piece);

    /// Is called before each token.
    ///
    /// @return true to end the answer
    default boolean cancelled() {
        return false;
    }

    /// Is called before an answer whose conversation did not fit the context.
    ///
    /// @param numExchanges how many of the oldest exchanges were removed: a message of the user and its answer each
    /// @param contextLength the context in tokens
    default void dropped(int numExchanges, int contextLength) { }
}
