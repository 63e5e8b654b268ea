package glia.engine.sampling;

/// The tokens that may follow in one sequence, such as those of a grammar. It may also force tokens, and replace those
/// that were sampled. For each token it is called in the order `forced`, `allowed`, `replace`, `accept`, by one thread
/// at a time.
@FunctionalInterface
public interface TokenMask {
    /// The caller whose sequence asks [#isReady]: callers take turns where masks take long.
    ScopedValue<String> CALLER = ScopedValue.newInstance();

    /// The allowed tokens: token `t` if bit `t % 64` of word `t / 64` is set. Missing words allow nothing; null allows
    /// every token.
    ///
    /// @return words that do not change before the next call
    long[] allowed();

    /// Whether [#allowed] answers without delay. If not, another thread computes the answer meanwhile: ask again later.
    ///
    /// @throws RuntimeException what `allowed` throws
    default boolean isReady() {
        return true;
    }

    /// The next token, if it does not depend on the logits: nothing is sampled then, and `allowed` and `replace` are
    /// not called.
    ///
    /// @return -1 for none
    default int forced() {
        return -1;
    }

    /// The token that follows in place of a sampled one.
    ///
    /// @return `token` itself to keep it
    default int replace(int token) {
        return token;
    }

    /// Receives the next token.
    default void accept(int token) { }

    /// Ends what other threads compute: no token follows.
    default void stop() { }
}
