package glia.engine.schedule;

/// Why a text ended.
public enum Finish {
    /// The model ended it, or a stop string came.
    STOP,
    /// It reached the most tokens allowed.
    LENGTH,
    /// The context is full.
    CONTEXT,
    /// Its listener or [Generation#cancel] ended it, or the scheduler was closed.
    CANCELLED,
    /// The thread that waited for it was interrupted. What was made until then is kept, and the thread's interrupt
    /// flag is still set.
    INTERRUPTED,
    /// The time that its request allowed was over.
    TIMEOUT,
    /// An exception ended it: [Completion#failure] has it.
    FAILED
}
