package glia.engine.schedule;

import glia.engine.draft.DraftTokens;
import glia.engine.state.StateMemoryException;
import glia.engine.steer.Steering;
import glia.model.block.Input;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.util.List;

/// Computes passes for a scheduler: the tokens of many sequences are gathered one sequence at a time and computed by
/// one pass. For one thread at a time.
public interface ModelRunner extends AutoCloseable {
    /// Opens an empty state.
    ///
    /// @param goesBack whether `keep` will be called: then sliding windows and recurrent states are saved at some
    ///     lengths
    DecodeState open(boolean goesBack);

    /// Opens a state with the longest prefix of these tokens in the prefix cache, at most all but the last, whose
    /// logits are needed.
    ///
    /// @param embedded rows in the place of some tokens
    /// @param goesBack as above
    DecodeState resume(String key, int[] tokens, List<Input.Embedded> embedded, boolean goesBack);

    /// Whether the prefix cache is kept on disk, so that sessions use it, too.
    boolean keepsPrompts();

    /// Clears the prefix cache, since weights were updated.
    void clearPrefixCache();

    /// @throws IllegalStateException if the model is closed
    void requireOpen();

    /// Whether states can remove draft tokens that were rejected.
    boolean allowsDrafts();

    /// The most tokens that the runner drafts for a sequence, by a model; 0 if it does not.
    int maxDrafts();

    /// The expected time in which the model drafts one more token, as a share of the time of one token in a pass.
    double draftingShare();

    /// Tokens of a sequence that the model that drafts would read in the next call of `draft`, besides those of the
    /// last pass.
    ///
    /// @param length the tokens of the sequence
    default int unread(DecodeState state, int length) {
        return 0;
    }

    /// The size of the vocabulary.
    int vocabSize();

    /// @throws IllegalArgumentException if the control vectors are for another model
    void requireSteering(Steering steering);

    /// Whether the model is an encoder-decoder.
    boolean hasEncoder();

    /// Free bytes for states.
    long freeBytes();

    /// Bytes in use by states.
    long usedBytes();

    /// The kernels of the passes.
    Kernels kernels();

    /// Waits, in turn, until no other thread uses the engine, and reserves it for this one until `release`. A thread
    /// may claim it more than once.
    void claim();

    /// Whether this thread has claimed the engine or uses it directly.
    boolean isClaimed();

    /// @throws IllegalStateException if this thread has gathered tokens elsewhere and not computed them, or the model
    ///     is closed
    void requireIdle();

    /// Ends a claim.
    void release();

    /// Gathers `ids[from..to)` of a prompt.
    ///
    /// @param source the source of an encoder-decoder with its first chunk; empty otherwise
    /// @param length number of tokens of the sequence; a chunk that ends there gets a row of logits
    void prefill(DecodeState state, int[] source, int[] ids, int from, int to, int length);

    /// Gathers a sequence for the next call of `draft`, before its next token is computed.
    ///
    /// @param ids `ids[0..length)` are its tokens, of which the last is not computed
    /// @param drafts gets up to as many tokens as it wants, which may be none
    void want(DecodeState state, int[] ids, int length, DraftTokens drafts);

    /// Drafts for the gathered sequences. Where the memory does not suffice, nothing is drafted.
    void draft();

    /// Gathers the next token of a sequence and draft tokens, each of which gets a row of logits.
    void decode(DecodeState state, int token, DraftTokens drafts);

    /// Removes the gathered tokens.
    void discard();

    /// Computes the gathered tokens.
    ///
    /// @return logits `[rows, V]`, valid until the next pass
    /// @throws StateMemoryException if the memory does not suffice; then no sequence has changed
    Tensor run();

    @Override
    void close();
}
