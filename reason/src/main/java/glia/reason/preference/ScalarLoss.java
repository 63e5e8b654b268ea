package glia.reason.preference;

import glia.tensor.autograd.Value;
import glia.tensor.ops.row.Elementwise.ElementwiseMap;

/// A loss of one number: a reward, or the margin between two rewards. Preference losses are sums of these.
public sealed interface ScalarLoss {
    /// The loss at x.
    double of(double x);

    /// Its derivative at x.
    double slope(double x);

    /// The loss of each value, computed in F64.
    default Value of(Value x) {
        return x.apply(t -> new ElementwiseMap(t, this::of, this::slope));
    }

    /// `-positive · ln σ(x) - negative · ln σ(-x)`.
    record Logistic(double positive, double negative) implements ScalarLoss {
        /// `-ln σ(x)`.
        public static final Logistic PLAIN = new Logistic(1, 0);

        /// The cross-entropy with a label that is wrong with a probability, as in conservative DPO
        /// (https://ericmitchell.ai/cdpo.pdf): `-(1 - s) · ln σ(x) - s · ln σ(-x)`.
        public static Logistic smoothed(double s) {
            return new Logistic(1 - s, s);
        }

        /// The unbiased estimate of `-ln σ(x)` under labels that are flipped with probability s < 0.5
        /// (https://arxiv.org/abs/2403.00409): `(-(1 - s) · ln σ(x) + s · ln σ(-x)) / (1 - 2s)`.
        public static Logistic robust(double s) {
            if (!(s >= 0 && s < 0.5)) {
                throw new IllegalArgumentException("label smoothing of " + s + ", expected 0 to below 0.5 for the "
                        + "loss robust");
            }
            return new Logistic((1 - s) / (1 - 2 * s), -s / (1 - 2 * s));
        }

        @Override
        public double of(double x) {
            return -positive * logSigmoid(x) - negative * logSigmoid(-x);
        }

        @Override
        public double slope(double x) {
            return -positive * sigmoid(-x) + negative * sigmoid(x);
        }
    }

    /// `max(0, 1 - x)` (https://arxiv.org/abs/2305.10425).
    record Hinge() implements ScalarLoss {
        @Override
        public double of(double x) {
            return Double.isNaN(x) ? x : Math.max(0, 1 - x);
        }

        @Override
        public double slope(double x) {
            return x < 1 ? -1 : 0;
        }
    }

    /// `factor · (x - target)²`.
    record Squared(double target, double factor) implements ScalarLoss {
        @Override
        public double of(double x) {
            return factor * (x - target) * (x - target);
        }

        @Override
        public double slope(double x) {
            return 2 * factor * (x - target);
        }
    }

    /// `σ(sign · x)`.
    record Sigmoid(int sign) implements ScalarLoss {
        @Override
        public double of(double x) {
            return sigmoid(sign * x);
        }

        @Override
        public double slope(double x) {
            return sign * sigmoid(x) * sigmoid(-x);
        }
    }

    /// The reverse KL divergence of `(σ(x), σ(-x))` from the smoothed label `(1 - s, s)`
    /// (EXO, https://arxiv.org/abs/2402.00856): `σ(x) · (ln σ(x) - ln(1 - s)) + σ(-x) · (ln σ(-x) - ln s)`.
    record Exact(double smoothing) implements ScalarLoss {
        public Exact {
            if (!(smoothing > 0 && smoothing < 1)) {
                throw new IllegalArgumentException("label smoothing of " + smoothing + ", expected above 0 and below 1"
                        + " for the loss exo_pair");
            }
        }

        @Override
        public double of(double x) {
            return sigmoid(x) * (logSigmoid(x) - Math.log1p(-smoothing))
                    + sigmoid(-x) * (logSigmoid(-x) - Math.log(smoothing));
        }

        @Override
        public double slope(double x) {
            return sigmoid(x) * sigmoid(-x) * (x - Math.log1p(-smoothing) + Math.log(smoothing));
        }
    }

    /// The logistic and the exponential loss mixed by `g = σ(x / τ)` (DiscoPOP, https://arxiv.org/abs/2406.08414):
    /// `-ln σ(x) · (1 - g) + e^-x · g`.
    ///
    /// @param temperature τ
    record Mixed(double temperature) implements ScalarLoss {
        public Mixed {
            if (!(temperature > 0) || Double.isInfinite(temperature)) {
                throw new IllegalArgumentException("a temperature of " + temperature + ", expected above 0 for the "
                        + "loss discopop");
            }
        }

        /// `e^-x · g`, without the overflow of `e^-x` where g is 0.
        private double exponential(double x) {
            return Math.exp(logSigmoid(x / temperature) - x);
        }

        @Override
        public double of(double x) {
            return -logSigmoid(x) * sigmoid(-x / temperature) + exponential(x);
        }

        @Override
        public double slope(double x) {
            double g = sigmoid(x / temperature);
            double rest = sigmoid(-x / temperature);
            return -sigmoid(-x) * rest + logSigmoid(x) * g * rest / temperature
                    + exponential(x) * (rest / temperature - 1);
        }
    }

    /// `σ(x) = 1 / (1 + e^-x)`.
    static double sigmoid(double x) {
        return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
    }

    /// `ln σ(x)`.
    static double logSigmoid(double x) {
        return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
    }
}
