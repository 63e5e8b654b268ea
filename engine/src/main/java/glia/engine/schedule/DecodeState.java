package glia.engine.schedule;

import glia.engine.steer.Steering;
import glia.model.block.Input;
import java.util.List;

/// The state of one sequence in a [ModelRunner]: KV cache and recurrent states.
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

    /// Sets the control vectors with which the tokens that follow are computed.
    void useSteering(Steering steering);

    /// Sets the rows in the prompt.
    ///
    /// @param embedded their places count from the start of the sequence
    /// @throws IllegalArgumentException if the runner takes none
    default void useRows(List<Input.Embedded> embedded) {
        if (!embedded.isEmpty()) {
            throw new IllegalArgumentException("pictures cannot be used with a model that drafts tokens");
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

    /// Keeps the first `count` draft tokens of the last pass and removes the others. The logits after draft token `i`
    /// are row `row() + 1 + i`.
    ///
    /// @return false if the state cannot be truncated there: then the sequence must be prefilled again
    boolean keepDrafts(int count);

    @Override
    void close();
}
