package glia.train.loss;

import glia.engine.training.Loss;
import glia.engine.training.Predictions;
import glia.tensor.autograd.Value;
import glia.tensor.ops.logits.TokenLogProbs.Column;

/// Cross-entropy of the targets with options: the weighted mean over the rows of
///
/// > (1 - s) · -ln p(t) + s · mean_v(-ln p(v)) + z · (ln Σ_v exp z[v])²
///
/// @param labelSmoothing s, the share of the uniform distribution in the targets, as in torch
///        (https://arxiv.org/abs/1512.00567)
/// @param zLoss z, the coefficient that keeps log-sum-exps near 0, in PaLM 10⁻⁴ (https://arxiv.org/abs/2204.02311)
public record CrossEntropyLoss(double labelSmoothing, double zLoss) implements Loss {
    public CrossEntropyLoss {
        if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
            throw new IllegalArgumentException("label smoothing of " + labelSmoothing + ", expected 0 to below 1");
        }
        if (!(zLoss >= 0) || Double.isInfinite(zLoss)) {
            throw new IllegalArgumentException("a z-loss coefficient of " + zLoss
                    + ", expected a finite number, at least 0");
        }
    }

    @Override
    public Value of(Predictions p) {
        if (labelSmoothing == 0 && zLoss == 0) {
            return CROSS_ENTROPY.of(p);
        }
        Predictions.Tokens tokens = labelSmoothing == 0 ? p.tokens(1, false, 0) : p.tokensWithMeanLogits();
        return perToken(tokens).times(p.weights()).sum().times(1 / p.batch().totalWeight());
    }

    /// The loss of each row, `[M, 1]`.
    ///
    /// @param tokens with mean logits if there is label smoothing
    public Value perToken(Predictions.Tokens tokens) {
        Value loss = tokens.logProbs().times(labelSmoothing - 1);
        Value logSumExp = tokens.column(Column.LOG_SUM_EXP);
        if (labelSmoothing > 0) {
            loss = loss.plus(logSumExp.minus(tokens.column(Column.MEAN_LOGIT)).times(labelSmoothing));
        }
        return zLoss > 0 ? loss.plus(logSumExp.square().times(zLoss)) : loss;
    }
}
