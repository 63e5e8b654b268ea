package glia.train.data;

/// A long sequence of token ids, such as a corpus with its documents laid end to end.
public interface Tokens {
    /// How many there are.
    long size();

    /// Copies `count` ids from position `from` on to the start of `to`.
    ///
    /// @throws IndexOutOfBoundsException if there are not so many
    void read(long from, int count, int[] to);

    /// Those of an array, which is not copied.
    static Tokens of(int[] ids) {
        return new Tokens() {
            @Override
            public long size() {
                return ids.length;
            }

            @Override
            public void read(long from, int count, int[] to) {
                System.arraycopy(ids, Math.toIntExact(from), to, 0, count);
            }
        };
    }

    /// The part from `from` (inclusive) to `to` (exclusive), such as a validation split.
    default Tokens slice(long from, long to) {
        return new DocumentSlice.TokenSlice(this, from, to);
    }
}
