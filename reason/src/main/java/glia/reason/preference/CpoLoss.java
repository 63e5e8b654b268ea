package glia.reason.preference;

import glia.tensor.autograd.Value;
import glia.tensor.ops.row.Elementwise.ElementwiseMap;
import java.util.Map;

/// Contrastive preference optimization (https://arxiv.org/abs/2401.08417), SimPO (https://arxiv.org/abs/2405.14734) and
/// AlphaPO (https://arxiv.org/abs/2501.03884), without a reference model:
///
/// > mean over pairs of loss(β(s_w - s_l) - γ) + nll · cross-entropy of the chosen completions
///
/// s is the log-probability of a completion, or its mean by token, or `(1 - p^-α) / α` of it.
///
/// @param loss of the margin
/// @param isMean whether s is the mean by token
/// @param beta β
/// @param gamma γ, the margin that chosen completions should have
/// @param alpha α of AlphaPO; 0 for the log-probability
/// @param crossEntropyWeight nll
public record CpoLoss(ScalarLoss loss, boolean isMean, double beta, double gamma, double alpha,
        double crossEntropyWeight) implements PreferenceLoss {
    public CpoLoss {
        DpoLoss.requirePositive("β", beta);
        if (!Double.isFinite(gamma) || !Double.isFinite(alpha) || !(crossEntropyWeight >= 0)) {
            throw new IllegalArgumentException("γ of " + gamma + ", α of " + alpha + ", a weight of cross-entropy of "
                    + crossEntropyWeight + ", expected finite numbers");
        }
    }

    /// A loss by its name in recipes, which is that of TRL: `sigmoid`, `hinge`, `ipo` or `simpo`.
    ///
    /// @param smoothing the share of wrong labels, for `sigmoid` and `simpo`
    /// @param gamma γ, for `simpo`
    /// @throws IllegalArgumentException if there is none of this name
    public static CpoLoss named(String name, double beta, double smoothing, double gamma, double alpha,
            double crossEntropyWeight) {
        if (!(smoothing >= 0 && smoothing < 1)) {
            throw new IllegalArgumentException("label smoothing of " + smoothing + ", expected 0 to below 1");
        }
        ScalarLoss loss = switch (name) {
            case "sigmoid", "simpo" -> ScalarLoss.Logistic.smoothed(smoothing);
            case "hinge" -> new ScalarLoss.Hinge();
            case "ipo" -> new ScalarLoss.Squared(0.5, 1 / (beta * beta));
            default -> throw new IllegalArgumentException("a loss '" + name
                    + "', expected sigmoid, hinge, ipo or simpo");
        };
        boolean isSimpo = name.equals("simpo");
        return new CpoLoss(loss, isSimpo || name.equals("ipo"), beta, isSimpo ? gamma : 0, alpha, crossEntropyWeight);
    }

    @Override
    public Scored of(CompletionLogProbs policy, float[] reference) {
        Value scores = scores(policy);
        Value chosen = scores.rows(policy.firstHalf());
        Value rejected = scores.rows(policy.secondHalf());
        Value total = each(chosen, rejected).mean();
        if (crossEntropyWeight == 0) {
            return new Scored(total, Scored.values(chosen, beta), Scored.values(rejected, beta), Map.of());
        }
        Value crossEntropy = policy.crossEntropy(policy.numSequences() / 2, false);
        return new Scored(total.plus(crossEntropy.times(crossEntropyWeight)), Scored.values(chosen, beta),
                Scored.values(rejected, beta), Map.of("cross_entropy", crossEntropy.number()));
    }

    /// The log-probabilities of completions, or their means by token, `[2N, 1]`.
    public Value logProbs(CompletionLogProbs policy) {
        return isMean ? policy.means() : policy.sums();
    }

    /// What is compared of each completion, `[2N, 1]`.
    public Value scores(CompletionLogProbs policy) {
        Value logProbs = logProbs(policy);
        return alpha == 0 ? logProbs : logProbs.apply(t -> new ElementwiseMap(t,
                x -> -Math.expm1(-alpha * x) / alpha, x -> Math.exp(-alpha * x)));
    }

    /// The loss of each pair, without the cross-entropy, `[N, 1]`.
    public Value each(Value chosen, Value rejected) {
        return loss.of(chosen.minus(rejected).times(beta).plus(-gamma));
    }
}
