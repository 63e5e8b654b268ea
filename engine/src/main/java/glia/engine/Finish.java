package glia.engine;

/// Why an answer ended.
public enum Finish {
    /// The model ended it, or a stop text came.
    STOP,
    /// It reached the most tokens allowed.
    LENGTH,
    /// The context is full.
    CONTEXT,
    /// The listener no longer wanted it.
    CANCELLED
}
