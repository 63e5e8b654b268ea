package glia.engine.sampling;

import glia.tensor.Tensor;

/// Samples the tokens of one sequence. Called by one thread at a time, not always the same.
@FunctionalInterface
public interface TokenSampler {
    /// Samples a token.
    ///
    /// @param logits F32 `[rows, V]`, valid during the call; not changed
    int sample(Tensor logits, int row);

    /// Whether the next token can be sampled without delay; if not, another thread makes it so: ask again later.
    default boolean isReady() {
        return true;
    }

    /// Receives each token of the prompt, then each sampled token.
    default void accept(int token) { }

    /// Ends what other threads compute: no token follows.
    default void stop() { }
}
