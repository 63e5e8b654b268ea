package glia.model.spec;

import glia.tensor.kernel.RopeTable.Layout;

/// How queries and keys learn their positions inside attention.
public sealed interface Rope {
    /// Not at all (NoPE, https://arxiv.org/abs/2305.19466).
    record None() implements Rope { }

    /// Rotary embedding of the first `rotatedSize` numbers of a head (https://arxiv.org/abs/2104.09864), with the
    /// inverse frequencies `theta^(-2i / rotatedSize)` before scaling.
    record Rotary(int rotatedSize, double theta, RopeScaling scaling, Layout layout) implements Rope {
        public Rotary {
            if (rotatedSize < 2 || rotatedSize % 2 != 0) {
                throw new IllegalArgumentException("rotary embedding turns pairs of numbers, not " + rotatedSize);
            }
            NumberRange.ROPE_THETA.require("rope theta", theta);
        }

        /// The same with pairs that lie elsewhere.
        public Rotary with(Layout other) {
            return new Rotary(rotatedSize, theta, scaling, other);
        }
    }
}
