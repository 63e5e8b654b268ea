package glia.reason.trace;

/// How a solver goes about a problem, from the worst to the best.
public enum Strategy {
    /// No work: an answer that is mostly wrong.
    GUESS,
    /// Attempts in random order, which may repeat.
    RANDOM,
    /// Attempts in a fixed order, without repetition.
    ORDERED,
    /// Attempts of which hopeless ones are left out, or a derivation.
    PRUNED,
    /// The right answer without a block of thoughts, to train a model whose thinking can be switched off.
    DIRECT
}
