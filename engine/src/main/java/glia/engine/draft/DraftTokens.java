package glia.engine.draft;

/// The draft tokens of one sequence for its next pass, and how many its runner is to add. Reused from pass to pass.
public final class DraftTokens {
    /// The most draft tokens of a pass. A run of one more token is computed with the bits of single tokens.
    public static final int MOST = 8;

    private final int[] ids = new int[MOST];
    private int count;
    private int wanted;

    /// No draft tokens.
    public DraftTokens() { }

    /// Removes all tokens.
    public void clear() {
        count = 0;
        wanted = 0;
    }

    /// Appends a token.
    ///
    /// @throws IllegalStateException if there are [#MOST]
    public void add(int id) {
        if (count == MOST) {
            throw new IllegalStateException("there are " + MOST + " draft tokens already");
        }
        ids[count++] = id;
    }

    /// Keeps at most the first `most` tokens.
    public void limit(int most) {
        count = Math.min(count, most);
        wanted = 0;
    }

    /// Sets the number of tokens to be drafted by a model.
    public void want(int most) {
        wanted = Math.min(most, MOST);
    }

    /// The number of tokens to be drafted by a model.
    public int wanted() {
        return wanted;
    }

    /// The number of draft tokens.
    public int count() {
        return count;
    }

    public int id(int i) {
        return ids[i];
    }

    /// Copies all tokens to `to[at..)`.
    public void copyTo(int[] to, int at) {
        System.arraycopy(ids, 0, to, at, count);
    }
}
