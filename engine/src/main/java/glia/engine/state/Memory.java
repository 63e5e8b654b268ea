package glia.engine.state;

/// What a sequence remembers of one thing. Tokens are appended by a pass and count when the sequence advances.
interface Memory {
    /// Makes the appended tokens count: the sequence is `length` tokens long now. Gives back what no later token needs.
    void advance(int length);

    /// Whether what the first `length` tokens left behind is still there.
    boolean canTruncate(int length);

    /// Forgets the tokens from `length` on, and what was appended and does not count.
    void truncate(int length);

    /// A copy for another sequence of the same length.
    Memory copy(int length);
}
