package glia.engine.state;

/// A prompt leaves no room for an answer in the context. Nothing was computed or changed.
public final class ContextFullException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private static final String ADVICE = ": shorten the prompt, or load the model with a longer context";

    /// @param promptTokens tokens of the prompt
    /// @param contextLength the most tokens of prompt and answer together
    public ContextFullException(int promptTokens, int contextLength) {
        super("the prompt has " + promptTokens + " tokens, which leaves no room for an answer in the context of "
                + contextLength + " tokens" + ADVICE);
    }

    /// A prompt that is much longer than the context; its tokens were not counted.
    ///
    /// @param contextLength the most tokens of prompt and answer together
    public ContextFullException(int contextLength) {
        super("the prompt is longer than the context of " + contextLength + " tokens" + ADVICE);
    }

    /// @throws ContextFullException if there are more tokens than the context holds
    public static void require(int numTokens, int context) {
        if (numTokens > context) {
            throw new ContextFullException(numTokens, context);
        }
    }
}
