package glia.reason.preference;

import glia.tensor.autograd.Value;
import java.util.Map;

/// Binary classifier optimization (https://arxiv.org/abs/2404.04656) of completions that are desirable or not, without
/// pairs. With rewards `r = β · ln(π(y|x) / π_ref(y|x))` and their running mean δ over batches,
///
/// > desirable: -ln σ(r - δ), undesirable: -w · ln σ(-(r - δ))
///
/// The loss is the mean over completions.
///
/// @param beta β
public record BcoLoss(double beta) {
    private static final double SMALL = 1e-8;

    public BcoLoss {
        DpoLoss.requirePositive("β", beta);
    }

    /// The weight of an undesirable completion where desirable ones have prompts of another distribution: the density
    /// ratio of its prompt, `p / (1 - p)`, clamped.
    ///
    /// @param probability p that a classifier gives to the prompt being one of a desirable completion
    public static float densityRatio(double probability, double least, double most) {
        return (float) Math.clamp(probability / (1 - probability + SMALL), least, most);
    }

    /// The rewards of completions, `[B, 1]`.
    ///
    /// @param sums their log-probabilities, `[B, 1]`
    /// @param reference those under the reference model
    public Value rewards(Value sums, float[] reference) {
        return sums.minus(sums.constant(reference)).times(beta);
    }

    /// The loss of rewards.
    ///
    /// @param rewards `[B, 1]`, see [#rewards]
    /// @param isDesirable by completion
    /// @param weights w by completion; those of desirable ones are 1
    /// @param delta δ, which includes this batch in training
    public Scored of(Value rewards, boolean[] isDesirable, float[] weights, double delta) {
        double[] values = Scored.values(rewards, 1);
        return new Scored(each(rewards, isDesirable, weights, delta).mean(), Scored.pick(values, isDesirable, true),
                Scored.pick(values, isDesirable, false), Map.of("delta", delta));
    }

    /// The loss of each completion, weighted, `[B, 1]`.
    public Value each(Value rewards, boolean[] isDesirable, float[] weights, double delta) {
        float[] signs = new float[isDesirable.length];
        for (int i = 0; i < signs.length; i++) {
            signs[i] = isDesirable[i] ? 1 : -1;
        }
        return ScalarLoss.Logistic.PLAIN.of(rewards.plus(-delta).times(rewards.constant(signs)))
                .times(rewards.constant(weights));
    }
}
