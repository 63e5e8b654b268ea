package glia.engine.call;

/// Receives the progress of answers, for metrics. Called by the thread that computes: returns at once.
public interface CallObserver {
    /// Ignores everything.
    CallObserver NONE = new CallObserver() { };

    /// A token followed another one of the same answer.
    ///
    /// @param nanos the time between them
    default void token(long nanos) { }

    /// An answer has ended.
    ///
    /// @param firstTokenNanos from submission to the first token; 0 if none came
    /// @param reusedTokens tokens of the prompt that the prefix cache held
    default void ended(int promptTokens, int reusedTokens, int tokens, long firstTokenNanos) { }
}
