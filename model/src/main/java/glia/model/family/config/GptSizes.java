package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Rope;

/// The sizes of GPT-2, BLOOM and MPT, which have different keys for them.
///
/// @param hidden D, a multiple of the number of heads
public record GptSizes(int hidden, int numHeads, int numLayers) {
    public static GptSizes read(Config config, String hiddenKey, String headsKey, String layersKey)
            throws CheckpointException {
        int hidden = config.positive(hiddenKey);
        int numHeads = config.positive(headsKey);
        if (hidden % numHeads != 0) {
            throw config.error(headsKey, numHeads + " heads do not divide the hidden size " + hidden);
        }
        return new GptSizes(hidden, numHeads, Numbers.layers(config, layersKey));
    }

    /// The same, also under the usual keys.
    public static GptSizes readEither(Config config, String hiddenKey, String headsKey, String layersKey)
            throws CheckpointException {
        return read(config, config.has(hiddenKey) ? hiddenKey : "hidden_size",
                config.has(headsKey) ? headsKey : "num_attention_heads",
                config.has(layersKey) ? layersKey : "num_hidden_layers");
    }

    /// Multi-head attention without RoPE.
    public Attention attention(Bias bias) {
        return Attention.causal(numHeads, numHeads, hidden / numHeads, new Rope.None(), bias);
    }
}
