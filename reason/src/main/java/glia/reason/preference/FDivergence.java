package glia.reason.preference;

import glia.tensor.autograd.Value;
import glia.tensor.ops.row.Elementwise.ElementwiseMap;

/// The f-divergence that keeps the policy near the reference model: DPO then compares `f'(t)` of the ratios
/// `t = π(y|x) / π_ref(y|x)` (https://arxiv.org/abs/2309.16240). The reverse KL divergence, `f'(t) = ln t`, is plain
/// DPO.
public sealed interface FDivergence {
    /// `f'(t)` without constants that cancel in differences.
    ///
    /// @param logRatios `ln t`, `[N, 1]`
    Value of(Value logRatios);

    /// `ln t`.
    record ReverseKl() implements FDivergence {
        @Override
        public Value of(Value logRatios) {
            return logRatios;
        }
    }

    /// `1 - 1/t`.
    record ForwardKl() implements FDivergence {
        @Override
        public Value of(Value logRatios) {
            return logRatios.apply(t -> new ElementwiseMap(t, x -> -Math.expm1(-x), x -> Math.exp(-x)));
        }
    }

    /// `ln(2t / (t + 1)) = ln 2 + ln σ(ln t)`.
    record JensenShannon() implements FDivergence {
        @Override
        public Value of(Value logRatios) {
            return logRatios.logSigmoid().plus(Math.log(2));
        }
    }

    /// `(t^(α-1) - 1) / (α - 1)`; `ln t` at α = 1.
    record Alpha(double alpha) implements FDivergence {
        /// The largest exponent, so that the power is an F32 number.
        private static final double MAX_EXPONENT = 80;
        private static final double NEAR_ONE = 1e-6;

        public Alpha {
            if (!Double.isFinite(alpha)) {
                throw new IllegalArgumentException("an α of " + alpha + ", expected a finite number");
            }
        }

        @Override
        public Value of(Value logRatios) {
            double power = alpha - 1;
            if (Math.abs(power) < NEAR_ONE) {
                return logRatios;
            }
            return logRatios.apply(t -> new ElementwiseMap(t,
                    x -> Math.expm1(Math.min(power * x, MAX_EXPONENT)) / power,
                    x -> power * x <= MAX_EXPONENT ? Math.exp(power * x) : 0));
        }
    }

    /// A divergence by its name in recipes.
    ///
    /// @param alpha for `alpha_divergence`
    /// @throws IllegalArgumentException if there is none of this name
    static FDivergence named(String name, double alpha) {
        return switch (name) {
            case "reverse_kl" -> new ReverseKl();
            case "forward_kl" -> new ForwardKl();
            case "js_divergence" -> new JensenShannon();
            case "alpha_divergence" -> new Alpha(alpha);
            default -> throw new IllegalArgumentException("a divergence '" + name + "', expected reverse_kl, "
                    + "forward_kl, js_divergence or alpha_divergence");
        };
    }
}
