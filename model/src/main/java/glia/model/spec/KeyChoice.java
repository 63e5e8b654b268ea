package glia.model.spec;

import glia.tensor.kernel.RopeTable.Layout;

/// Which of the earlier positions a token attends to.
public sealed interface KeyChoice {
    /// All of them.
    record All() implements KeyChoice { }

    /// The `count` that a lightning indexer scores highest, with small heads over one key each
    /// (https://arxiv.org/abs/2512.02556).
    ///
    /// @param layout of the rotation, which is otherwise that of the attention
    record Indexed(int numHeads, int headSize, int count, Layout layout) implements KeyChoice {
        public Indexed {
            if (numHeads < 1 || headSize < 1 || count < 1 || (long) numHeads * headSize > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("an indexer of " + numHeads + " heads of size " + headSize
                        + " that chooses " + count + " keys");
            }
        }
    }

    /// Those that the last indexer before this layer chose.
    record AsBefore() implements KeyChoice { }
}
