package glia.engine.sampling;

/// Says which tokens may come next in one text, such as a grammar does.
@FunctionalInterface
public interface TokenMask {
    /// The tokens that are allowed now: token `t` is if bit `t % 64` of word `t / 64` is set. Words that are missing
    /// allow nothing; null allows every token. Called once for each token, on a thread of the engine's, for one text by
    /// one thread at a time.
    ///
    /// @return words that do not change before the next call; they are only read
    long[] allowed();

    /// Takes note of the token that was chosen.
    default void accept(int token) { }
}
