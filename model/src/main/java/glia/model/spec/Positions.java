package glia.model.spec;

/// Position embeddings of the input.
public sealed interface Positions {
    /// None; attention may encode positions.
    record None() implements Positions { }

    /// A learned vector for each of `count` positions, added. https://arxiv.org/abs/1706.03762
    ///
    /// @param first the row of position 0; the rows before it are not used
    record Learned(int count, int first) implements Positions {
        public Learned {
            NumberRange.SIZE.require("number of positions", count);
            NumberRange.COUNT.require("row of the first position", first);
        }

        /// From the first row on.
        public Learned(int count) {
            this(count, 0);
        }
    }

    /// A learned vector for each of `count` positions, counted without padding, added: a token has row `padding + n` if
    /// it is the n-th that is no padding, the padding token row `padding`, as in RoBERTa.
    /// https://arxiv.org/abs/1907.11692
    ///
    /// @param padding the id of the padding token; the rows before it are not used
    record Counted(int count, int padding) implements Positions {
        public Counted {
            NumberRange.SIZE.require("number of positions", count);
            NumberRange.COUNT.require("padding token", padding);
        }
    }
}
