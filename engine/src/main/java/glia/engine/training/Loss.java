package glia.engine.training;

import glia.tensor.autograd.Value;

/// A loss over the predictions for a batch: log-probabilities of targets, entropies, hidden states or logits.
///
/// ```java
/// Loss clipped = p -> {
///     Value ratio = p.logProbs().minus(p.constant(old)).exp();
///     Value gain = p.constant(advantages);
///     return ratio.times(gain).min(ratio.clamp(0.8, 1.2).times(gain)).mean().times(-1);
/// };
/// ```
@FunctionalInterface
public interface Loss {
    /// The weighted mean of `-ln p(target)` over all rows.
    Loss CROSS_ENTROPY = p -> crossEntropy(p, p.logProbs());

    /// The same of other log-probabilities of the targets, `[M, 1]`.
    static Value crossEntropy(Predictions p, Value logProbs) {
        return p.weights().times(logProbs).sum().times(-1 / p.batch().totalWeight());
    }

    /// The loss, a single number.
    Value of(Predictions predictions);

    /// This loss times a factor, for a batch that is computed in parts (gradient accumulation).
    default Loss scaled(double factor) {
        return p -> of(p).times(factor);
    }
}
