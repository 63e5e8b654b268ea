package glia.engine.schedule;

/// A prompt does not fit the context. Nothing was computed and nothing is lost.
public final class ContextFullException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// @param promptTokens tokens of the prompt
    /// @param contextLength the most tokens of a text
    public ContextFullException(int promptTokens, int contextLength) {
        super("the prompt has " + promptTokens + " tokens and the context holds " + contextLength
                + ", the answer included: shorten it, begin anew, or load the model with a longer context");
    }
}
