package glia.model.spec;

/// How the embedding knows positions.
public sealed interface Positions {
    /// It does not; attention may.
    record None() implements Positions { }

    /// A learned vector for each of `count` positions is added. https://arxiv.org/abs/1706.03762
    record Learned(int count) implements Positions {
        public Learned {
            NumberRange.SIZE.require("number of positions", count);
        }
    }
}
