package glia.model.spec;

import glia.tensor.kernel.RopeTable.Layout;
import java.util.Optional;

/// Selects the positions that a token attends to.
public sealed interface KeyChoice {
    /// The indexer, if there is one.
    default Optional<Indexed> indexer() {
        return Optional.empty();
    }

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

        @Override
        public Optional<Indexed> indexer() {
            return Optional.of(this);
        }
    }

    /// Sparse attention to whole blocks of positions. The indexer has one key a block, pooled channel by channel,
    /// `Σ_j softmax_j(gate_j + position_j) · key_j` over its positions j. A token attends to the blocks with the
    /// highest scores that end at or before it, as many as make `count` positions, and to all later ones, which make
    /// no whole block yet. There is no RoPE.
    ///
    /// @param each the indexer of positions
    record Pooled(Indexed each, int blockSize) implements KeyChoice {
        public Pooled {
            NumberRange.SIZE.require("positions of a block", blockSize);
            if (each.count() % blockSize != 0) {
                throw new IllegalArgumentException(each.count() + " keys are no whole number of blocks of "
                        + blockSize);
            }
        }

        @Override
        public Optional<Indexed> indexer() {
            return Optional.of(each);
        }
    }

    /// The positions selected by the last indexer of an earlier layer.
    record AsBefore() implements KeyChoice { }

    /// A description.
    static String words(KeyChoice keys) {
        return switch (keys) {
            case All _ -> "full";
            case Indexed i -> "sparse, the " + i.count() + " best keys of an indexer with " + i.numHeads()
                    + " heads of " + i.headSize();
            case Pooled p -> words(p.each()) + " in blocks of " + p.blockSize();
            case AsBefore _ -> "sparse, the keys of the last indexer";
        };
    }
}
