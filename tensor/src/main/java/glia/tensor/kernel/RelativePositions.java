package glia.tensor.kernel;

/// Relative positions of queries and keys that stay within those that a model was trained for, while texts are longer:
/// near keys have their distance, far ones the difference of a position of the query and one of the key.
public sealed interface RelativePositions {
    /// Self-Extend (https://arxiv.org/abs/2401.01325): distances below `window` are kept; beyond, a query at i and a
    /// key at j have `⌊i / group⌋ + window − window / group − ⌊j / group⌋`.
    record Grouped(int group, int window) implements RelativePositions {
        public Grouped {
            require(group >= 1 && window >= 1, this);
        }

        @Override
        public Span near() {
            return new Span.Sliding(window);
        }

        @Override
        public int parts() {
            return 1;
        }

        @Override
        public int key(int j) {
            return j / group;
        }

        @Override
        public int first(int part, int i) {
            return 0;
        }

        @Override
        public int end(int part, int i) {
            return Math.max(0, i - window + 1);
        }

        @Override
        public double query(int part, int i) {
            return i / group + window - (double) window / group;
        }
    }

    /// Dual chunk attention (https://arxiv.org/abs/2402.17463): with chunks of `chunk − local` keys, whose positions
    /// begin at 0 in each, distances within a chunk are kept; for the chunk before, a query has the position behind its
    /// length, `chunk` at most, and for all earlier chunks the largest one.
    record Chunks(int chunk, int local) implements RelativePositions {
        public Chunks {
            require(local >= 0 && chunk > local, this);
        }

        private int length() {
            return chunk - local;
        }

        @Override
        public Span near() {
            return new Span.Chunked(length());
        }

        @Override
        public int parts() {
            return 2;
        }

        @Override
        public int key(int j) {
            return j % length();
        }

        @Override
        public int first(int part, int i) {
            return part == 0 ? Math.max(0, (i / length() - 1) * length()) : 0;
        }

        @Override
        public int end(int part, int i) {
            return Math.max(0, (i / length() - part) * length());
        }

        @Override
        public double query(int part, int i) {
            return Math.min(part == 0 ? i % length() + length() : 2 * length() - 1, chunk);
        }
    }

    private static void require(boolean isValid, RelativePositions positions) {
        if (!isValid) {
            throw new IllegalArgumentException("no relative positions are possible with " + positions);
        }
    }

    /// The keys that have their distance.
    Span near();

    /// The number of parts of the other keys.
    int parts();

    /// The position of a key for far queries.
    int key(int j);

    /// The first key of a part for a query at i.
    int first(int part, int i);

    /// The key after the last of a part for a query at i; not after the first if there is none.
    int end(int part, int i);

    /// The position of a query for a part.
    double query(int part, int i);
}
