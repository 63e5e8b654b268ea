package glia.train.loss;

import glia.engine.training.Loss;
import glia.engine.training.Predictions;
import glia.model.Model;
import glia.model.block.Decoder;
import glia.tensor.autograd.Value;

/// Trains a model's first layers to predict the next token, too, with its final norm and head (LayerSkip,
/// https://arxiv.org/abs/2404.16710, section 3.1, with one exit and without layer dropout):
/// `main + weight · cross-entropy after the first layers`. Such a model drafts for itself (`--draft=early-exit:N`).
///
/// The first layers are computed a second time, so a step takes longer by about their share of the model.
///
/// @param main the loss of all layers
/// @param first the decoder of the first layers, with the model's own weights
/// @param weight of the loss of the first layers
public record EarlyExit(Loss main, Decoder first, double weight) implements Loss {
    /// @throws IllegalArgumentException if the weight is not a positive number
    public EarlyExit {
        if (!(weight > 0) || Double.isInfinite(weight)) {
            throw new IllegalArgumentException("a weight of " + weight + ", expected a finite number above 0");
        }
    }

    /// @param count the number of layers, fewer than the model has
    /// @throws IllegalArgumentException if the model has no more layers than that, or cannot be truncated
    public EarlyExit(Loss main, Model model, int count, double weight) {
        this(main, model.firstLayers(count).decoder(), weight);
    }

    @Override
    public Value of(Predictions p) {
        return main.of(p).plus(Loss.crossEntropy(p, p.logProbs(first)).times(weight));
    }
}
