package glia.train.data;

/// The documents, or parts of them, within a range of tokens.
final class DocumentSlice implements Documents {
    private final Documents whole;
    private final TokenSlice tokens;
    private final long first;
    private final long numDocuments;

    DocumentSlice(Documents whole, long from, long to) {
        this.whole = whole;
        tokens = new TokenSlice(whole, from, to);
        first = from == to ? 0 : whole.documentAt(from);
        numDocuments = from == to ? 0 : whole.documentAt(to - 1) - first + 1;
    }

    @Override
    public long numDocuments() {
        return numDocuments;
    }

    @Override
    public long start(long document) {
        if (document < 0 || document > numDocuments) {
            throw new IndexOutOfBoundsException("document " + document + " of " + numDocuments);
        }
        return document == numDocuments ? size() : Math.max(0, whole.start(first + document) - tokens.from());
    }

    @Override
    public long size() {
        return tokens.size();
    }

    @Override
    public void read(long start, int count, int[] target) {
        tokens.read(start, count, target);
    }

    /// A part of a sequence of tokens.
    ///
    /// @param from its first token in the whole
    /// @param to the token after its last
    record TokenSlice(Tokens whole, long from, long to) implements Tokens {
        TokenSlice {
            if (from < 0 || from > to || to > whole.size()) {
                throw new IndexOutOfBoundsException("tokens " + from + " to " + to + " of " + whole.size());
            }
        }

        @Override
        public long size() {
            return to - from;
        }

        @Override
        public void read(long start, int count, int[] target) {
            if (start < 0 || count < 0 || start + count > size()) {
                throw new IndexOutOfBoundsException("tokens " + start + " to " + (start + count) + " of " + size());
            }
            whole.read(from + start, count, target);
        }
    }
}
