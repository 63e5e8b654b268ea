package glia.engine.sampling;

/// The tokens that may follow in one sequence, such as those of a grammar.
@FunctionalInterface
public interface TokenMask {
    /// The allowed tokens: token `t` if bit `t % 64` of word `t / 64` is set. Missing words allow nothing; null allows
    /// every token. Called once for each token, by one thread at a time.
    ///
    /// @return words that do not change before the next call
    long[] allowed();

    /// Receives the sampled token.
    default void accept(int token) { }
}
