package glia.model.spec;

/// Position embeddings of the input.
public sealed interface Positions {
    /// None; attention may encode positions.
    record None() implements Positions { }

    /// A learned vector for each of `count` positions, added. https://arxiv.org/abs/1706.03762
    record Learned(int count) implements Positions {
        public Learned {
            NumberRange.SIZE.require("number of positions", count);
        }
    }
}
