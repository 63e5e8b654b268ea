package glia.train.data;

/// The documents, or parts of them, within a range of tokens.
final class DocumentSlice implements Documents {
    private final Documents whole;
    private final long from;
    private final long to;
    private final long first;
    private final long numDocuments;

    DocumentSlice(Documents whole, long from, long to) {
        if (from < 0 || from > to || to > whole.size()) {
            throw new IndexOutOfBoundsException("tokens " + from + " to " + to + " of " + whole.size());
        }
        this.whole = whole;
        this.from = from;
        this.to = to;
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
        return document == numDocuments ? size() : Math.max(0, whole.start(first + document) - from);
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
