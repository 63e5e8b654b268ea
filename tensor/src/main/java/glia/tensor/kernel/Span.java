package glia.tensor.kernel;

/// The attention mask by position: a query at position `p` attends to positions `first(p)` to `last(p)`, both
/// inclusive, as far as keys exist. `first` never decreases with the position, so the cache before it can be freed.
public sealed interface Span {
    /// The lowest visible position.
    int first(int position);

    /// The highest visible position.
    default int last(int position) {
        return position;
    }

    /// The highest visible position if there are `length` keys.
    default int last(int position, int length) {
        return Math.min(last(position), length - 1);
    }

    private static void requireSome(int count, String what) {
        if (count < 1) {
            throw new IllegalArgumentException(what + " holds at least 1 position, not " + count);
        }
    }

    /// Causal attention: all earlier positions and the query's own.
    record Causal() implements Span {
        @Override
        public int first(int position) {
            return 0;
        }
    }

    /// Sliding-window attention: the last `window` positions, the query's own included: `k > q - window`.
    /// https://arxiv.org/abs/2004.05150
    record Sliding(int window) implements Span {
        public Sliding {
            requireSome(window, "a sliding window");
        }

        @Override
        public int first(int position) {
            return Math.max(0, position - window + 1);
        }
    }

    /// Chunked causal attention: earlier positions and the query's own within chunks of `size`: `⌊k / size⌋ = ⌊q /
    /// size⌋`.
    record Chunked(int size) implements Span {
        public Chunked {
            requireSome(size, "a chunk");
        }

        @Override
        public int first(int position) {
            return position - position % size;
        }
    }

    /// Bidirectional attention: all positions.
    record Bidirectional() implements Span {
        @Override
        public int first(int position) {
            return 0;
        }

        @Override
        public int last(int position) {
            return Integer.MAX_VALUE - 1;
        }
    }

    /// Bidirectional sliding window: positions up to `reach` before and after the query: `|k - q| ≤ reach`.
    record BidirectionalWindow(int reach) implements Span {
        public BidirectionalWindow {
            if (reach < 0) {
                throw new IllegalArgumentException("a window reaches at least 0 positions, not " + reach);
            }
        }

        @Override
        public int first(int position) {
            return Math.max(0, position - reach);
        }

        @Override
        public int last(int position) {
            return (int) Math.min(Integer.MAX_VALUE - 1, (long) position + reach);
        }
    }
}
