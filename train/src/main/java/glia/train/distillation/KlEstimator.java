package glia.train.distillation;

import glia.tensor.autograd.Value;

/// Estimators of the divergence `KL(policy‖reference)` from the log-probabilities of sampled tokens, ℓ under the policy
/// and f under a reference or teacher (Schulman, http://joschu.net/blog/kl-approx.html), as verl computes them.
public enum KlEstimator {
    /// `ℓ - f`: unbiased, of high variance.
    K1,
    /// `|ℓ - f|`.
    ABSOLUTE,
    /// `½ (ℓ - f)²`: its gradient is that of the divergence.
    K2,
    /// `e^q - q - 1` with `q = f - ℓ`: unbiased, never negative. q is clamped to ±20, the result to ±10.
    K3,
    /// `K3` without limits, as TRL computes it.
    K3_UNCLAMPED,
    /// The value of K1 with the gradient of K2.
    K1_STRAIGHT_THROUGH,
    /// The value of K3 with the gradient of K2.
    K3_STRAIGHT_THROUGH;

    private static final double MOST_LOG_RATIO = 20;
    private static final double MOST = 10;

    /// The estimator of a name: `k1` or `kl`, `abs`, `k2` or `mse`, `k3` or `low_var_kl`, `k3-unclamped`, `k1+`, `k3+`.
    ///
    /// @throws IllegalArgumentException if there is none of this name
    public static KlEstimator named(String name) {
        return switch (name) {
            case "k1", "kl" -> K1;
            case "abs" -> ABSOLUTE;
            case "k2", "mse" -> K2;
            case "k3", "low_var_kl" -> K3;
            case "k3-unclamped" -> K3_UNCLAMPED;
            case "k1+" -> K1_STRAIGHT_THROUGH;
            case "k3+" -> K3_STRAIGHT_THROUGH;
            default -> throw new IllegalArgumentException("KL estimator: found \"" + name
                    + "\", expected k1, abs, k2, k3, k3-unclamped, k1+ or k3+");
        };
    }

    /// The estimate of each token.
    ///
    /// @param policy ℓ, `[N, 1]`
    /// @param reference f, `[N, 1]`
    public Value of(Value policy, Value reference) {
        Value difference = policy.minus(reference);
        return switch (this) {
            case K1 -> difference;
            case ABSOLUTE -> difference.abs();
            case K2 -> difference.square().times(0.5);
            case K3 -> {
                Value q = difference.times(-1).clamp(-MOST_LOG_RATIO, MOST_LOG_RATIO);
                yield q.expRemainder().clamp(-MOST, MOST);
            }
            case K3_UNCLAMPED -> difference.times(-1).expRemainder();
            case K1_STRAIGHT_THROUGH -> straightThrough(K1, policy, reference);
            case K3_STRAIGHT_THROUGH -> straightThrough(K3, policy, reference);
        };
    }

    /// The estimate of a token, without gradient.
    ///
    /// @param policy ℓ
    /// @param reference f
    public double of(double policy, double reference) {
        double difference = policy - reference;
        return switch (this) {
            case K1, K1_STRAIGHT_THROUGH -> difference;
            case ABSOLUTE -> Math.abs(difference);
            case K2 -> difference * difference / 2;
            case K3, K3_STRAIGHT_THROUGH -> {
                double q = Math.clamp(-difference, -MOST_LOG_RATIO, MOST_LOG_RATIO);
                yield Math.clamp(Math.expm1(q) - q, -MOST, MOST);
            }
            case K3_UNCLAMPED -> Math.expm1(-difference) + difference;
        };
    }

    private static Value straightThrough(KlEstimator value, Value policy, Value reference) {
        Value gradient = K2.of(policy, reference);
        return gradient.plus(value.of(policy, reference).minus(gradient).detached());
    }
}
