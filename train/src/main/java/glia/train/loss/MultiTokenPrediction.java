package glia.train.loss;

import glia.engine.training.FurtherTokens;
import glia.engine.training.Loss;
import glia.engine.training.Predictions;
import glia.tensor.autograd.Value;
import java.util.List;

/// Adds the losses of multi-token-prediction layers, which are trained together with the body (DeepSeek-V3,
/// https://arxiv.org/abs/2412.19437, equation 25): `main + weight · mean over the layers of their cross-entropy`.
/// Batches are made by `TokenBatch.addWhole`.
///
/// @param main the loss of the next token
/// @param weight λ; DeepSeek-V3 uses 0.3, then 0.1
public record MultiTokenPrediction(Loss main, double weight) implements Loss {
    public MultiTokenPrediction {
        if (!(weight >= 0) || Double.isInfinite(weight)) {
            throw new IllegalArgumentException("a weight of " + weight + ", expected a finite number, at least 0");
        }
    }

    @Override
    public Value of(Predictions p) {
        return main.of(p).plus(furtherLoss(p).times(weight));
    }

    /// The mean cross-entropy over the layers; a layer without targets, such as for short texts, counts 0.
    ///
    /// @throws IllegalArgumentException if the model has no multi-token-prediction layers
    public static Value furtherLoss(Predictions p) {
        List<FurtherTokens> layers = p.furtherTokens();
        Value sum = null;
        for (FurtherTokens layer : layers) {
            double total = 0;
            for (float w : layer.weights()) {
                total += w;
            }
            Value loss = layer.logProbs().times(p.constant(layer.weights())).sum().times(total == 0 ? 0 : -1 / total);
            sum = sum == null ? loss : sum.plus(loss);
        }
        if (sum == null) {
            throw new IllegalArgumentException("the model has no multi-token-prediction layers, or the texts are too "
                    + "short for them");
        }
        return sum.times(1.0 / layers.size());
    }
}
