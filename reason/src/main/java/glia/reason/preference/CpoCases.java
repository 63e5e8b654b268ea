package glia.reason.preference;

import glia.tensor.autograd.Value;
import glia.train.check.CaseParams;
import glia.train.check.Comparison;
import glia.train.check.ReferenceCase;

/// Losses of contrastive preference optimization, from logits.
public final class CpoCases extends PairLogitCases {
    public CpoCases() { }

    @Override
    public String name() {
        return "cpo";
    }

    @Override
    Scored score(ReferenceCase c, CompletionLogProbs policy, Comparison comparison) {
        CaseParams params = c.params();
        CpoLoss loss = CpoLoss.named(params.text("loss_type", "sigmoid"), params.number("beta", 0.1),
                params.number("label_smoothing", 0), params.number("simpo_gamma", 0.5), params.number("alpha", 0),
                params.number("cpo_alpha", 1));
        Value logProbs = loss.logProbs(policy);
        logProbs(c, comparison, logProbs.rows(policy.firstHalf()), logProbs.rows(policy.secondHalf()));
        Value scores = loss.scores(policy);
        CaseTokens.compare(comparison, "per_sequence_loss", loss.each(scores.rows(policy.firstHalf()),
                scores.rows(policy.secondHalf())));
        return loss.of(policy);
    }
}
