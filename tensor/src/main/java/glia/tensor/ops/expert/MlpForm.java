package glia.tensor.ops.expert;

import glia.tensor.kernel.Activation;

/// The nonlinearity of an MLP: what is computed between its matrix multiplications.
public sealed interface MlpForm {
    /// `f(gate) · up`. https://arxiv.org/abs/2002.05202
    record Gated(Activation activation) implements MlpForm { }

    /// `f(up)`, without a gate.
    record Plain(Activation activation) implements MlpForm { }

    /// `(up + 1) · gate · σ(slope · gate)`, with gate clamped to at most `limit` and up to between `-limit` and
    /// `limit`, as in gpt-oss. https://arxiv.org/abs/2508.10925
    record Clamped(float slope, float limit) implements Limited {
        public Clamped {
            if (!(slope > 0 && limit > 0)) {
                throw new IllegalArgumentException("a gate of slope " + slope + " and limit " + limit);
            }
        }

        @Override
        public Activation activation() {
            return Activation.SILU;
        }

        @Override
        public float shift() {
            return 1;
        }
    }

    /// `f(gate) · up`, with gate clamped to at most `limit` and up to between `-limit` and `limit`, as in DeepSeek V4.
    record Cut(Activation activation, float limit) implements Limited {
        public Cut {
            if (!(limit > 0)) {
                throw new IllegalArgumentException("a gate of limit " + limit);
            }
        }

        @Override
        public float slope() {
            return 1;
        }

        @Override
        public float shift() {
            return 0;
        }
    }

    /// `cap(gate) · σ(gate) · cap(up)` with `cap(x) = c · tanh(x / c)` and a c for each.
    record SoftCapped(float gateCap, float upCap) implements MlpForm {
        private static final double SMALL = 1e-3;

        public SoftCapped {
            if (!(gateCap > 0 && upCap > 0)) {
                throw new IllegalArgumentException("soft caps of " + gateCap + " and " + upCap);
            }
        }

        /// `cap(gate) / gate`.
        double ratio(double gate) {
            double x = gate / gateCap;
            return Math.abs(x) < SMALL ? 1 - x * x / 3 : Math.tanh(x) / x;
        }

        /// The derivative of `ratio`.
        double ratioSlope(double gate) {
            double x = gate / gateCap;
            double tanh = Math.tanh(x);
            return (Math.abs(x) < SMALL ? -2 * x / 3 : ((1 - tanh * tanh) * x - tanh) / (x * x)) / gateCap;
        }

        double cappedUp(double up) {
            return upCap * Math.tanh(up / upCap);
        }
    }

    /// The forms `f(slope · gate) · (up + shift) / slope` with limits.
    sealed interface Limited extends MlpForm {
        Activation activation();

        float slope();

        float shift();

        float limit();
    }

    /// Whether there is a gate.
    default boolean isGated() {
        return !(this instanceof Plain);
    }
}
