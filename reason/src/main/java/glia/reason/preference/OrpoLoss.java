package glia.reason.preference;

import glia.tensor.autograd.Value;
import glia.tensor.ops.row.Elementwise.ElementwiseMap;
import java.util.Map;

/// Odds-ratio preference optimization (https://arxiv.org/abs/2403.07691), fine-tuning and preferences in one, without a
/// reference model. With the mean log-probability p̄ of a completion's tokens and `odds = p̄ - ln(1 - e^p̄)`,
///
/// > cross-entropy of chosen sequences, prompts included - β · mean over pairs of ln σ(odds_w - odds_l)
///
/// @param beta β, called λ in the paper
public record OrpoLoss(double beta) implements PreferenceLoss {
    public OrpoLoss {
        DpoLoss.requireNotNegative("β", beta);
    }

    @Override
    public boolean trainsPrompts() {
        return true;
    }

    @Override
    public Scored of(CompletionLogProbs policy, float[] reference) {
        Value means = policy.means();
        Value chosen = means.rows(policy.firstHalf());
        Value rejected = means.rows(policy.secondHalf());
        Value lead = logOddsRatios(chosen, rejected);
        Value crossEntropy = policy.crossEntropy(policy.numSequences() / 2, true);
        Value ratio = lead.logSigmoid().mean();
        return new Scored(crossEntropy.plus(ratio.times(-beta)), Scored.values(chosen, beta),
                Scored.values(rejected, beta), Map.of("cross_entropy", crossEntropy.number(),
                "log_odds_ratio", ratio.number(), "log_odds_chosen", lead.mean().number()));
    }

    /// `odds_w - odds_l`, `[N, 1]`.
    public static Value logOddsRatios(Value chosen, Value rejected) {
        return logOdds(chosen).minus(logOdds(rejected));
    }

    private static Value logOdds(Value means) {
        return means.apply(t -> new ElementwiseMap(t, p -> p - Math.log(-Math.expm1(p)), p -> -1 / Math.expm1(p)));
    }
}
