package glia.train.data;

import java.util.List;

/// Documents laid end to end.
public interface Documents extends Tokens {
    /// The number of documents.
    long numDocuments();

    /// The position of a document's first token; for `numDocuments()` the number of tokens.
    long start(long document);

    /// The document that a position belongs to.
    default long documentAt(long position) {
        long low = 0;
        long high = numDocuments() - 1;
        while (low < high) {
            long middle = low + high + 1 >>> 1;
            if (start(middle) <= position) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /// The documents, or parts of them, from token `from` (inclusive) to token `to` (exclusive).
    @Override
    default Documents slice(long from, long to) {
        return new DocumentSlice(this, from, to);
    }

    /// Two parts without common tokens.
    record Split(Documents train, Documents validation) { }

    /// Splits off `share` of the tokens for validation: the last documents, or where they are long compared with the
    /// share the end of each, so that all documents are trained on. Texts whose order matters should be shuffled
    /// before, or come with a file of their own for validation.
    ///
    /// @throws IllegalArgumentException if the share is not between 0 and 1, or a part would be empty
    default Split split(double share) {
        if (!(share > 0 && share < 1)) {
            throw new IllegalArgumentException("found " + share + " as the share for validation, expected a number "
                    + "between 0 and 1");
        }
        long held = Math.round(size() * share);
        long at = size() - held;
        if (numDocuments() > 1) {
            long document = documentAt(at);
            long before = start(document);
            long after = start(document + 1);
            long border = document > 0 && (at - before < after - at || after == size()) ? before : after;
            if (Math.abs(border - at) > held / 4) {
                return DocumentParts.split(this, share);
            }
            at = border;
        }
        if (at <= 0 || at >= size()) {
            throw new IllegalArgumentException("found " + size() + " tokens in " + numDocuments() + " documents, too "
                    + "few to split off " + share + " for validation; add texts, or name a file for validation");
        }
        return new Split(slice(0, at), slice(at, size()));
    }

    /// Documents in memory.
    static Documents of(List<int[]> documents) {
        long[] starts = new long[documents.size() + 1];
        for (int i = 0; i < documents.size(); i++) {
            starts[i + 1] = starts[i] + documents.get(i).length;
        }
        int[] all = new int[Math.toIntExact(starts[documents.size()])];
        for (int i = 0; i < documents.size(); i++) {
            System.arraycopy(documents.get(i), 0, all, (int) starts[i], documents.get(i).length);
        }
        return new Documents() {
            @Override
            public long numDocuments() {
                return starts.length - 1;
            }

            @Override
            public long start(long document) {
                return starts[Math.toIntExact(document)];
            }

            @Override
            public long size() {
                return all.length;
            }

            @Override
            public void read(long from, int count, int[] to) {
                System.arraycopy(all, Math.toIntExact(from), to, 0, count);
            }
        };
    }
}
