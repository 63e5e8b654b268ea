package glia.model.spec;

import glia.tensor.kernel.RopeTable.Layout;

/// Rotary position embedding (RoPE) of queries and keys.
public sealed interface Rope {
    /// None (NoPE, https://arxiv.org/abs/2305.19466).
    record None() implements Rope { }

    /// RoPE of the first `rotatedSize` dimensions of a head (https://arxiv.org/abs/2104.09864), with the frequencies
    /// `theta^(-2i / rotatedSize)` before scaling.
    record Rotary(int rotatedSize, double theta, RopeScaling scaling, Layout layout) implements Rope {
        public Rotary {
            if (rotatedSize < 2 || rotatedSize % 2 != 0) {
                throw new IllegalArgumentException("RoPE rotates pairs of dimensions: found " + rotatedSize
                        + ", expected an even number");
            }
            NumberRange.ROPE_THETA.require("rope theta", theta);
        }

        /// A copy with another scaling.
        public Rotary with(RopeScaling other) {
            return new Rotary(rotatedSize, theta, other, layout);
        }

        /// A copy with another layout of the pairs.
        public Rotary with(Layout other) {
            return new Rotary(rotatedSize, theta, scaling, other);
        }
    }
}
