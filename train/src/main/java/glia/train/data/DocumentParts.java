package glia.train.data;

import java.util.ArrayList;
import java.util.List;

/// Parts of documents laid end to end, each a document of its own.
final class DocumentParts implements Documents {
    private static final int LEAST_TOKENS = 2;

    private final Documents whole;
    /// Where the parts begin in the whole.
    private final long[] from;
    /// Where they begin here; the last one is the number of tokens.
    private final long[] starts;

    private DocumentParts(Documents whole, List<long[]> parts) {
        this.whole = whole;
        from = new long[parts.size()];
        starts = new long[parts.size() + 1];
        for (int i = 0; i < from.length; i++) {
            from[i] = parts.get(i)[0];
            starts[i + 1] = starts[i] + parts.get(i)[1] - parts.get(i)[0];
        }
    }

    /// Splits off the end of each document. Those that are too short stay whole.
    ///
    /// @throws IllegalArgumentException if nothing would be split off
    static Documents.Split split(Documents whole, double share) {
        List<long[]> train = new ArrayList<>();
        List<long[]> held = new ArrayList<>();
        for (long d = 0; d < whole.numDocuments(); d++) {
            long begin = whole.start(d);
            long end = whole.start(d + 1);
            long at = end - Math.round((end - begin) * share);
            boolean isLong = end - at >= LEAST_TOKENS && at - begin >= LEAST_TOKENS;
            train.add(new long[] {begin, isLong ? at : end});
            if (isLong) {
                held.add(new long[] {at, end});
            }
        }
        if (held.isEmpty()) {
            throw new IllegalArgumentException("found " + whole.size() + " tokens in " + whole.numDocuments()
                    + " documents, too few to split off " + share + " for validation; add texts, or name a file for "
                    + "validation");
        }
        return new Documents.Split(new DocumentParts(whole, train), new DocumentParts(whole, held));
    }

    @Override
    public long numDocuments() {
        return from.length;
    }

    @Override
    public long start(long document) {
        return starts[Math.toIntExact(document)];
    }

    @Override
    public long size() {
        return starts[from.length];
    }

    @Override
    public void read(long position, int count, int[] to) {
        if (position < 0 || count < 0 || position + count > size()) {
            throw new IndexOutOfBoundsException("tokens " + position + " to " + (position + count) + " of " + size());
        }
        int read = 0;
        for (long part = count == 0 ? from.length : documentAt(position); read < count; part++) {
            int p = (int) part;
            long at = Math.max(position, starts[p]);
            int length = (int) Math.min(count - read, starts[p + 1] - at);
            int[] piece = new int[length];
            whole.read(from[p] + at - starts[p], length, piece);
            System.arraycopy(piece, 0, to, read, length);
            read += length;
        }
    }
}
