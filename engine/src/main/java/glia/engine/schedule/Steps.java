package glia.engine.schedule;

import glia.engine.state.StateMemoryException;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;

/// What a scheduler has computed: tokens of many texts are gathered one text at a time and computed by one pass.
/// For one thread at a time.
public interface Steps extends AutoCloseable {
    /// A new, empty text.
    ///
    /// @param goesBack whether `keep` will be asked for: what a model forgets as it goes on is then kept for some
    ///     lengths
    DecodeState open(boolean goesBack);

    /// A new text that begins with the longest prefix of these tokens that was left by others with the same key. It is
    /// never all of them, since the logits of the last are needed.
    DecodeState resume(String key, int[] tokens);

    /// Forgets all prefixes, since weights have changed.
    void forget();

    /// @throws IllegalStateException if the model is closed
    void requireOpen();

    /// The most tokens of a decode step of one text: 1, or 2 with a draft.
    int tokensPerDecode();

    /// The number of tokens that prompts may be made of.
    int vocabSize();

    /// Whether texts have a source that an encoder reads.
    boolean hasEncoder();

    /// Bytes that states may still take.
    long freeBytes();

    /// Bytes that states take.
    long usedBytes();

    /// What computes.
    Kernels kernels();

    /// Takes what computes for this thread.
    ///
    /// @return false if another thread uses it
    /// @throws IllegalStateException if this thread has gathered tokens elsewhere and not computed them
    boolean claim();

    /// Ends a claim.
    void release();

    /// Gathers `ids[from..to)` of a prompt.
    ///
    /// @param source what an encoder reads before the first token; of none else
    /// @param length tokens known of the text; if the chunk reaches it, the text gets a row of logits
    void prefill(DecodeState state, int[] source, int[] ids, int from, int to, int length);

    /// Gathers the next token of a text.
    void decode(DecodeState state, int token);

    /// Forgets what was gathered.
    void discard();

    /// Computes what was gathered.
    ///
    /// @return logits `[rows, V]`, valid until the next pass
    /// @throws StateMemoryException if there is no room; then no text has changed
    Tensor run();

    @Override
    void close();
}
