package glia.engine.schedule;

import glia.tensor.Tensor;

/// Chooses the tokens of one text. It is kept while its text is preempted, so the same tokens follow. What it throws
/// fails its own text and no other.
@FunctionalInterface
public interface TokenSampler {
    /// Chooses a token.
    ///
    /// @param logits F32 `[rows, V]`, valid during the call; left as they are
    int sample(Tensor logits, int row);

    /// Takes note of a token of the text: each of the prompt, then each that was chosen.
    default void accept(int token) { }
}
