package glia.reason.policy.loss;

import glia.tensor.autograd.Value;

/// CISPO (https://arxiv.org/abs/2506.13585): the clipped ratio is a weight without gradient, so that clipped tokens
/// still learn.
///
/// > L = -sg(clip(r, least, most))·A·ℓ
///
/// The bounds are those of the weight itself. TRL's `epsilon_high` is `most` (5 is usual) with no lower bound; verl's
/// are 1 - low and 1 + high.
///
/// @param level of what the ratio is taken
/// @param least lower bound of the weight, 0 for none
/// @param most upper bound of the weight
/// @param mostExponent bound of the magnitude of the log ratio
public record Cispo(RatioLevel level, double least, double most, double mostExponent) implements PolicyLoss {
    /// @throws IllegalArgumentException if the bounds are out of order
    public Cispo {
        PolicyLoss.requireAbove("most", most, 0);
        if (!(least <= most)) {
            throw new IllegalArgumentException("least: found " + least + ", expected at most " + most);
        }
    }

    /// With an upper bound only, as in the paper.
    public static Cispo upTo(RatioLevel level, double most) {
        return new Cispo(level, 0, most, LARGEST_EXPONENT);
    }

    @Override
    public LossTerms of(LossInput in) {
        Value ratio = level.ratio(in, -mostExponent, mostExponent);
        Value weights = ratio.clamp(least, most).detached();
        Value ofRows = level.isPerSequence() ? in.rows(weights) : weights;
        Value losses = ofRows.times(in.advantages()).times(in.logProbs()).times(-1);
        return LossTerms.ofRows(losses, ratio, level.isPerSequence(), figures(in, ratio));
    }

    /// `high` counts positive advantages above the bound, `further` all weights outside the bounds.
    private ClipFigures figures(LossInput in, Value ratio) {
        boolean perSequence = level.isPerSequence() && !in.batch().hasTokenAdvantages();
        boolean spread = level.isPerSequence() && !perSequence;
        double[] ratios = LossInput.numbers(spread ? in.rows(ratio) : ratio);
        double[] advantages = in.advantages(perSequence);
        boolean[] above = new boolean[ratios.length];
        boolean[] outside = new boolean[ratios.length];
        for (int i = 0; i < ratios.length; i++) {
            above[i] = ratios[i] > most && advantages[i] > 0;
            outside[i] = ratios[i] > most || ratios[i] < least;
        }
        return ClipFigures.of(in.batch(), perSequence, new boolean[ratios.length], above, outside);
    }
}
