package glia.engine.schedule;

import glia.engine.state.StateMemoryException;
import java.util.Optional;

/// The state of one sequence in a [ModelRunner]: KV cache, recurrent states and draft tokens.
public interface DecodeState extends AutoCloseable {
    /// The number of computed tokens, which is the position of the next.
    int length();

    /// Truncates the state to at most the first `most` tokens.
    ///
    /// @return the number of tokens kept; less than `most` where the state cannot be restored at that length
    int keep(int most);

    /// The best end of the next chunk of a prompt, at most `to`, for later calls of `keep`.
    int chunkEnd(int to);

    /// The most bytes that the next `numTokens` tokens take from the block pool.
    ///
    /// @param sourceTokens tokens that an encoder reads before the first
    long bytesToAppend(int numTokens, int sourceTokens);

    /// Sets the adapter with which the tokens that follow are computed.
    ///
    /// @param number of the adapter; 0 for none
    /// @throws IllegalArgumentException if the runner has no adapters
    default void useAdapter(int number) {
        if (number != 0) {
            throw new IllegalArgumentException("adapters of requests cannot be used with a model that drafts tokens");
        }
    }

    /// A copy that shares the memory of all tokens.
    DecodeState fork();

    /// Inserts the computed tokens into the prefix cache.
    ///
    /// @param key the cache key: requests with another key do not find them
    /// @param tokens the sequence's tokens, possibly more
    /// @param whole whether the sequence has ended: then all tokens are inserted, also of a partial block, and the
    ///     state is cleared
    void leave(String key, int[] tokens, boolean whole);

    /// The row of this sequence in the logits of the last pass; -1 if it has none.
    int row();

    /// The draft token of the last pass, whose logits are the next row; -1 if there is none.
    int draft();

    /// Keeps the draft token.
    void acceptDraft();

    /// Removes the draft token.
    ///
    /// @return false if the state cannot be truncated there: then the sequence must be prefilled again
    boolean rejectDraft();

    /// The cause, if the last pass ran out of memory for a part of the state: then the sequence must be prefilled
    /// again.
    Optional<StateMemoryException> lost();

    @Override
    void close();
}
