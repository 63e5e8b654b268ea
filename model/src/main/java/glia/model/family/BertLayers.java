package glia.model.family;

import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer;
import glia.model.spec.Norm;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;

/// The post-norm layers of BERT (https://arxiv.org/abs/1810.04805); the norm after a sum is the `before` of the next
/// sublayer, and the last one the model's final norm.
record BertLayers(int numHeads, int headSize, int mlpSize, Activation activation, Norm norm) {
    /// Bidirectional multi-head attention with biases.
    Attention attention() {
        return Attention.causal(numHeads, numHeads, headSize, new Rope.None(), Bias.ALL)
                .with(new Span.Bidirectional());
    }

    /// The MLP, with biases.
    Mixer mlp() {
        return new Mlp(mlpSize, activation, Bias.ALL);
    }

    List<Sublayer> of(int numLayers) {
        return of(numLayers, attention());
    }

    /// The same with other attention.
    List<Sublayer> of(int numLayers, Mixer attention) {
        List<Sublayer> sublayers = new ArrayList<>();
        Residual sum = new Residual.Normed(1, 1);
        for (int layer = 0; layer < numLayers; layer++) {
            sublayers.add(new Sublayer(layer, layer == 0 ? new Norm.None() : norm, attention, new Norm.None(), sum));
            sublayers.add(new Sublayer(layer, norm, mlp(), new Norm.None(), sum));
        }
        return sublayers;
    }
}
