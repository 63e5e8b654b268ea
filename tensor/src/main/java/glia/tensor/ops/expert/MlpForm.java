package glia.tensor.ops.expert;

import glia.tensor.kernel.Activation;

/// What an MLP computes between its products.
public sealed interface MlpForm {
    /// `f(gate) · up`. https://arxiv.org/abs/2002.05202
    record Gated(Activation activation) implements MlpForm { }

    /// `f(up)`, without a gate.
    record Plain(Activation activation) implements MlpForm { }

    /// `(up + 1) · gate · σ(slope · gate)`, where first gate is at most `limit` and up lies between `-limit` and
    /// `limit`. https://arxiv.org/abs/2508.10925
    record Clamped(float slope, float limit) implements MlpForm {
        public Clamped {
            if (!(slope > 0 && limit > 0)) {
                throw new IllegalArgumentException("a gate of slope " + slope + " and limit " + limit);
            }
        }
    }

    /// Whether there is a gate.
    default boolean isGated() {
        return !(this instanceof Plain);
    }
}
