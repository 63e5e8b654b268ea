package glia.model.spec;

import glia.tensor.kernel.RopeTable.Layout;

/// Selects the positions that a token attends to.
public sealed interface KeyChoice {
    /// All earlier positions.
    record All() implements KeyChoice { }

    /// Sparse attention to the `count` positions with the highest scores of a lightning indexer, which has small query
    /// heads and one key per position (https://arxiv.org/abs/2512.02556).
    ///
    /// @param layout RoPE layout of the indexer; its frequencies are those of the attention
    record Indexed(int numHeads, int headSize, int count, Layout layout) implements KeyChoice {
        public Indexed {
            if (numHeads < 1 || headSize < 1 || count < 1 || (long) numHeads * headSize > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("an indexer of " + numHeads + " heads of size " + headSize
                        + " that chooses " + count + " keys");
            }
        }
    }

    /// The positions selected by the last indexer of an earlier layer.
    record AsBefore() implements KeyChoice { }
}
