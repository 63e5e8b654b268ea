package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Numbers;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.CrossAttention;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer;
import glia.model.spec.Norm;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;

/// The layers of the encoders and decoders of BART and Whisper.
///
/// @param normsFirst whether norms are before attention and MLP, not after
/// @param bias that of attention
record BartLayers(int hidden, Activation activation, Norm norm, boolean normsFirst, Bias bias) {
    List<Sublayer> decoder(Config config) throws CheckpointException {
        List<Sublayer> decoder = new ArrayList<>();
        Attention self = attention(config, "decoder_attention_heads");
        Mixer cross = new CrossAttention(self.numHeads(), self.headSize(), self.scale(), bias);
        Mixer mlp = new Mlp(config.positive("decoder_ffn_dim", 4096), activation, Bias.ALL);
        for (int layer = 0; layer < layers(config, "decoder_layers"); layer++) {
            decoder.add(sublayer(layer, self));
            decoder.add(sublayer(layer, cross));
            decoder.add(sublayer(layer, mlp));
        }
        return decoder;
    }

    List<Sublayer> encoder(Config config) throws CheckpointException {
        List<Sublayer> encoder = new ArrayList<>();
        Attention both = attention(config, "encoder_attention_heads").with(new Span.Bidirectional());
        Mixer encoderMlp = new Mlp(config.positive("encoder_ffn_dim", 4096), activation, Bias.ALL);
        for (int layer = 0; layer < layers(config, "encoder_layers"); layer++) {
            encoder.add(sublayer(layer, both));
            encoder.add(sublayer(layer, encoderMlp));
        }
        return encoder;
    }

    private Sublayer sublayer(int layer, Mixer mixer) {
        return normsFirst ? new Sublayer(layer, norm, mixer) : Sublayer.postNorm(layer, mixer, norm);
    }

    private static int layers(Config config, String key) throws CheckpointException {
        return config.has(key) ? Numbers.layers(config, key) : 12;
    }

    private Attention attention(Config config, String key) throws CheckpointException {
        int heads = config.positive(key, 16);
        if (hidden % heads != 0) {
            throw config.error(key, heads + " heads do not divide d_model " + hidden);
        }
        return Attention.causal(heads, heads, hidden / heads, new Rope.None(), bias);
    }
}
