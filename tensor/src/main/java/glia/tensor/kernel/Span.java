package glia.tensor.kernel;

/// Which keys a query at position `p` may see: positions `first(p)` to `last(p)`, both inclusive.
public sealed interface Span {
    /// The lowest visible position.
    int first(int position);

    /// The highest visible position.
    default int last(int position) {
        return position;
    }

    /// Every earlier position and the query's own.
    record Causal() implements Span {
        @Override
        public int first(int position) {
            return 0;
        }
    }

    /// The last `window` positions, the query's own included: `k > q - window`. https://arxiv.org/abs/2004.05150
    record Sliding(int window) implements Span {
        public Sliding {
            if (window < 1) {
                throw new IllegalArgumentException("a sliding window holds at least 1 position, not " + window);
            }
        }

        @Override
        public int first(int position) {
            return Math.max(0, position - window + 1);
        }
    }
}
