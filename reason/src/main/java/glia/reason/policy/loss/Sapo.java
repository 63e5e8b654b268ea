package glia.reason.policy.loss;

import glia.reason.rollout.RolloutColumns.Column;
import glia.tensor.autograd.Value;

/// SAPO (https://arxiv.org/abs/2511.20347): a smooth gate in place of the clip.
///
/// > L = -4/τ·σ(τ(r - 1))·A, with τ by the sign of A
///
/// @param level of what the ratio is taken
/// @param positive τ for positive advantages, 1 in the paper
/// @param negative τ for the others, 1.05 in the paper: it decays faster
/// @param mostExponent bound of the magnitude of the log ratio
public record Sapo(RatioLevel level, double positive, double negative, double mostExponent) implements PolicyLoss {
    /// @throws IllegalArgumentException if a temperature is not positive
    public Sapo {
        PolicyLoss.requireAbove("positive", positive, 0);
        PolicyLoss.requireAbove("negative", negative, 0);
    }

    /// With these temperatures.
    public static Sapo of(RatioLevel level, double positive, double negative) {
        return new Sapo(level, positive, negative, LARGEST_EXPONENT);
    }

    @Override
    public LossTerms of(LossInput in) {
        Value ratio = level.ratio(in, -mostExponent, mostExponent);
        Value ofRows = level.isPerSequence() ? in.rows(ratio) : ratio;
        double[] advantages = in.batch().get(Column.ADVANTAGE);
        double[] temperatures = new double[advantages.length];
        double[] gains = new double[advantages.length];
        for (int n = 0; n < advantages.length; n++) {
            temperatures[n] = advantages[n] > 0 ? positive : negative;
            gains[n] = -4 / temperatures[n] * advantages[n];
        }
        Value gates = ofRows.plus(-1).times(in.constant(temperatures)).logSigmoid().exp();
        return LossTerms.ofRows(gates.times(in.constant(gains)), ratio, level.isPerSequence(),
                ClipFigures.NONE);
    }
}
