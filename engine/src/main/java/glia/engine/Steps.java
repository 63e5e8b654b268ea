package glia.engine;

import glia.tensor.Tensor;
import java.util.function.BooleanSupplier;

/// A text that a model reads and then goes on with, token by token; its tokens are remembered. For one thread.
public sealed interface Steps extends AutoCloseable permits PlainSteps, DraftedSteps {
    /// Tokens remembered.
    int length();

    /// Forgets all but at most the first `most` tokens.
    ///
    /// @return how many are kept
    int keep(int most);

    /// Computes a prompt, of which the first `from` tokens are what is remembered.
    ///
    /// @param cancelled asked between chunks; what was computed until then counts
    /// @return the logits `[1, V]` after the last token, or of no row if cancelled; valid until the engine's next run
    Tensor prefill(int[] prompt, int from, BooleanSupplier cancelled);

    /// Adds a token.
    ///
    /// @return the logits `[1, V]` after it, valid until the engine's next run
    Tensor step(int token);

    /// Tokens that were guessed since the last prompt.
    int numDrafted();

    /// Guesses since the last prompt that were right.
    int numAccepted();

    @Override
    void close();
}
