package glia.engine.schedule;

/// Why generation ended.
public enum Finish {
    /// A stop token or a stop string.
    STOP,
    /// The most tokens of the request.
    LENGTH,
    /// The context is full.
    CONTEXT,
    /// The same tokens again and again, see [GenerationRequest.Builder#endsLoops].
    REPETITION,
    /// Cancelled by its listener or [Generation#cancel], or the scheduler was closed.
    CANCELLED,
    /// The waiting thread was interrupted. The tokens until then are kept, and the thread's interrupt flag is set.
    INTERRUPTED,
    /// The timeout of the request.
    TIMEOUT,
    /// An exception: see [Completion#failure].
    FAILED
}
