package glia.train.loss;

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
    /// The value of K1 with the gradient of K2.
    K1_STRAIGHT_THROUGH,
    /// The value of K3 with the gradient of K2.
    K3_STRAIGHT_THROUGH;

    private static final double MOST_LOG_RATIO = 20;
    private static final double MOST = 10;

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
                yield q.exp().minus(q).plus(-1).clamp(-MOST, MOST);
            }
            case K1_STRAIGHT_THROUGH -> straightThrough(K1, policy, reference);
            case K3_STRAIGHT_THROUGH -> straightThrough(K3, policy, reference);
        };
    }

    private static Value straightThrough(KlEstimator value, Value policy, Value reference) {
        Value gradient = K2.of(policy, reference);
        return gradient.plus(value.of(policy, reference).minus(gradient).detached());
    }
}
