package glia.reason.preference;

import glia.tensor.autograd.Value;
import glia.train.check.Comparison;
import glia.train.check.ReferenceCase;

/// Losses of odds-ratio preference optimization, from logits.
public final class OrpoCases extends PairLogitCases {
    public OrpoCases() { }

    @Override
    public String name() {
        return "orpo";
    }

    @Override
    Scored score(ReferenceCase c, CompletionLogProbs policy, Comparison comparison) {
        OrpoLoss loss = new OrpoLoss(c.params().number("beta", 0.1));
        Value means = policy.means();
        Value chosen = means.rows(policy.firstHalf());
        Value rejected = means.rows(policy.secondHalf());
        logProbs(c, comparison, chosen, rejected);
        CaseTokens.compare(comparison, "per_sequence_loss", OrpoLoss.logOddsRatios(chosen, rejected).logSigmoid()
                .times(loss.beta()));
        return loss.of(policy);
    }
}
