package glia.reason.preference;

import glia.tensor.autograd.Value;
import java.util.Map;

/// Kahneman–Tversky optimization (https://arxiv.org/abs/2402.01306) of completions that are desirable or not, without
/// pairs. With the log-ratio a of policy and reference model,
///
/// > desirable: w_d · (1 - σ(β(a - KL))), undesirable: w_u · (1 - σ(β(KL - a)))
///
/// The loss is the mean over completions. KL is the mean log-ratio of mismatched completions, those of other prompts,
/// at least 0, without gradient.
///
/// @param beta β
/// @param desirableWeight w_d
/// @param undesirableWeight w_u
/// @param isAnchored whether KL is subtracted; without it this is the unpaired APO-zero
///     (https://arxiv.org/abs/2408.06266)
public record KtoLoss(double beta, double desirableWeight, double undesirableWeight, boolean isAnchored) {
    public KtoLoss {
        DpoLoss.requirePositive("β", beta);
        if (!(desirableWeight >= 0 && undesirableWeight >= 0)) {
            throw new IllegalArgumentException("weights of " + desirableWeight + " and " + undesirableWeight
                    + ", expected 0 or more");
        }
    }

    /// Whether a loss of this name in recipes, which is that of TRL, subtracts KL.
    ///
    /// @throws IllegalArgumentException if there is none of this name
    public static boolean isAnchored(String name) {
        return switch (name) {
            case "kto" -> true;
            case "apo_zero_unpaired" -> false;
            default -> throw new IllegalArgumentException("a loss '" + name
                    + "', expected kto or apo_zero_unpaired");
        };
    }

    /// The KL term of a batch: `max(0, mean(ln π(y'|x) - ln π_ref(y'|x)))`.
    ///
    /// @param policy log-probabilities of mismatched completions
    /// @param reference those under the reference model
    public static double kl(float[] policy, float[] reference) {
        double sum = 0;
        for (int i = 0; i < policy.length; i++) {
            sum += policy[i] - reference[i];
        }
        return policy.length == 0 ? 0 : Math.max(0, sum / policy.length);
    }

    /// The loss of B completions.
    ///
    /// @param sums their log-probabilities, `[B, 1]`
    /// @param reference those under the reference model
    /// @param isDesirable by completion
    /// @param kl the KL term, ignored without an anchor
    public Scored of(Value sums, float[] reference, boolean[] isDesirable, double kl) {
        Value ratios = sums.minus(sums.constant(reference));
        double[] rewards = Scored.values(ratios, beta);
        return new Scored(each(ratios, isDesirable, kl).mean(), Scored.pick(rewards, isDesirable, true),
                Scored.pick(rewards, isDesirable, false), isAnchored ? Map.of("kl", kl) : Map.of());
    }

    /// The loss of each completion, weighted, `[B, 1]`.
    public Value each(Value ratios, boolean[] isDesirable, double kl) {
        float[] signs = new float[isDesirable.length];
        float[] weights = new float[isDesirable.length];
        for (int i = 0; i < signs.length; i++) {
            signs[i] = isDesirable[i] ? 1 : -1;
            weights[i] = (float) (isDesirable[i] ? desirableWeight : undesirableWeight);
        }
        Value lead = isAnchored ? ratios.plus(-kl) : ratios;
        return new ScalarLoss.Sigmoid(-1).of(lead.times(beta).times(ratios.constant(signs)))
                .times(ratios.constant(weights));
    }
}
