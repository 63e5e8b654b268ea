package glia.text.tokenizer;

/// Bounds on vocabularies whose use would take too much time or memory in the native library.
final class ModelLimits {
    /// The longest piece of a Unigram model, in bytes of UTF-8. SentencePiece makes pieces of at most 16 characters.
    private static final int MAX_UNIGRAM_BYTES = 512;
    /// The most bytes of all pieces of a Unigram model: the library makes a hash table of each byte of its trie.
    private static final int MAX_UNIGRAM_TOTAL = 1 << 24;
    /// How many bytes of pieces may be compared for a text.
    private static final double MAX_COMPARED = 1e10;

    private ModelLimits() { }

    /// Limits the text of a Unigram model, which copies all pieces that begin at each place of a text.
    ///
    /// @throws IllegalArgumentException if a piece, or all of them together, are too long
    static void unigram(Pieces pieces, int numScored, TextLimit.Builder limit) {
        int longest = 1;
        long total = 0;
        for (int id = 0; id < numScored; id++) {
            int size = utf8Size(pieces.text(id));
            if (size > MAX_UNIGRAM_BYTES) {
                throw new IllegalArgumentException("piece " + id + " has " + size + " bytes, expected at most "
                        + MAX_UNIGRAM_BYTES);
            }
            longest = Math.max(longest, size);
            total += size;
        }
        if (total > MAX_UNIGRAM_TOTAL) {
            throw new IllegalArgumentException("the pieces have " + total + " bytes, expected at most "
                    + MAX_UNIGRAM_TOTAL);
        }
        limit.limit((int) Math.min(Integer.MAX_VALUE, MAX_COMPARED / longest / longest), "its longest piece has "
                + longest + " bytes");
    }

    private static int utf8Size(String text) {
        int size = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            // The two halves of a surrogate pair make four bytes.
            size += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
        }
        return size;
    }
}
