package glia.engine.schedule;

import glia.engine.state.StateMemoryException;
import java.util.Optional;

/// What passes have computed of one text and remember. Belongs to the [Steps] that opened it.
public interface DecodeState extends AutoCloseable {
    /// Tokens remembered, which is the position of the next.
    int length();

    /// Forgets all but at most the first `most` tokens.
    ///
    /// @return how many are kept; fewer than `most`, where there is no way back to there
    int keep(int most);

    /// Where the next chunk of a prompt, which may go to `to`, should end, so that `keep` has where to go back to.
    int chunkEnd(int to);

    /// The most bytes that the next `numTokens` tokens take from the pool.
    ///
    /// @param sourceTokens tokens that an encoder reads before the first
    long bytesToAppend(int numTokens, int sourceTokens);

    /// Another text that begins with the same tokens, and shares their memory.
    DecodeState fork();

    /// Leaves what is computed to texts that begin in the same way.
    ///
    /// @param key texts with another one do not find it
    /// @param tokens those of the text, and any number more
    /// @param whole whether nothing more comes: then it is left to the last token, and forgotten here
    void leave(String key, int[] tokens, boolean whole);

    /// The row of the logits of the last pass that says what follows this text; -1 if it has none.
    int row();

    /// The token that the last pass computed as a guess of what follows: the logits after it are the next row. -1 if
    /// there is none.
    int guess();

    /// The guess was right and counts.
    void acceptGuess();

    /// The guess was wrong.
    ///
    /// @return whether it could be forgotten; if not, the text must be computed again
    boolean rejectGuess();

    /// Why the text must be computed again: the last pass had no room for all that is remembered of it.
    Optional<StateMemoryException> lost();

    @Override
    void close();
}
