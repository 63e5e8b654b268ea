package glia.train.data;

import glia.engine.training.TokenBatch;

/// Documents packed into rows of `length` tokens, in their order. A row may hold the end of a document, whole ones and
/// the beginning of another; each of them is a sequence of its own, so no token attends to another document. Every
/// token of a document but its first is predicted once in an epoch, also where a row ends within the document.
///
/// @param length inputs of a row; the last row may have fewer
public record PackedDocuments(Documents documents, int length) implements Rows {
    /// Checks the sizes.
    ///
    /// @throws IllegalArgumentException if rows have less than two tokens or there are no targets
    public PackedDocuments {
        if (length < 2) {
            throw new IllegalArgumentException("found rows of " + length + " tokens, expected at least 2");
        }
        if (documents.size() < 2) {
            throw new IllegalArgumentException("found " + documents.size() + " tokens, expected at least 2");
        }
    }

    /// The last token has no target.
    @Override
    public long size() {
        return (documents.size() - 2) / length + 1;
    }

    @Override
    public void add(TokenBatch batch, long row) {
        long from = Math.multiplyExact(row, length);
        int count = (int) Math.min(length, documents.size() - 1 - from);
        int[] window = batch.buffer(count + 1);
        documents.read(from, count + 1, window);
        long document = documents.documentAt(from);
        int at = 0;
        while (at < count) {
            long end = documents.start(++document) - from;
            int stop = (int) Math.min(count, end);
            batch.add(window, at, stop, stop < end);
            at = stop;
        }
    }
}
