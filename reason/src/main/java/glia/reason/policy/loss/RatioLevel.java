package glia.reason.policy.loss;

import glia.tensor.autograd.Value;

/// Of what the probability ratio between the policy and the old policy is taken; d is the difference of their
/// log-probabilities at a token, y the number of tokens of the sequence, sg stops the gradient.
public enum RatioLevel {
    /// `exp(d)` for each token (PPO, https://arxiv.org/abs/1707.06347).
    TOKEN,
    /// `exp(Σ d / y)` for each sequence; its gradient reaches every token as ratio / y (GSPO,
    /// https://arxiv.org/abs/2507.18071).
    SEQUENCE_MEAN,
    /// `exp(sg(Σ d / y) + ℓ - sg(ℓ))` for each token: the value of `SEQUENCE_MEAN` with a gradient for its own token
    /// only (GSPO-token). It allows advantages for each token.
    SEQUENCE_MEAN_PER_TOKEN,
    /// `exp(Σ d)` for each sequence (RLOO, https://arxiv.org/abs/2402.14740): it leaves every clip range quickly.
    SEQUENCE_SUM;

    /// Whether there is one ratio for each sequence.
    public boolean isPerSequence() {
        return this == SEQUENCE_MEAN || this == SEQUENCE_SUM;
    }

    /// The ratios, `[N, 1]` or `[sequences, 1]`.
    ///
    /// @param least lower bound of the exponent, beyond which there is no gradient
    /// @param most upper bound of the exponent
    Value ratio(LossInput in, double least, double most) {
        Value d = in.difference();
        Value exponent = switch (this) {
            case TOKEN -> d;
            case SEQUENCE_MEAN -> in.sequenceMeans(d);
            case SEQUENCE_MEAN_PER_TOKEN -> in.logProbs().minus(in.logProbs().detached())
                    .plus(in.rows(in.sequenceMeans(d)).detached());
            case SEQUENCE_SUM -> in.sequenceSums(d);
        };
        return exponent.clamp(least, most).exp();
    }

    /// Ratios, or what was made of them, for each row.
    Value rows(LossInput in, Value ratios) {
        return isPerSequence() ? in.rows(ratios) : ratios;
    }
}
