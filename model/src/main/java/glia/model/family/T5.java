package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.layout.GgufForm;
import glia.model.family.gguf.T5Gguf;
import glia.model.family.hub.T5Names;
import glia.model.layout.Source;
import glia.model.spec.Embedding;
import glia.model.spec.Encoder;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Sublayer;
import java.util.List;
import java.util.Optional;

/// T5 (https://arxiv.org/abs/1910.10683): an encoder-decoder without biases, with unscaled scores and relative position
/// buckets that all layers of a stack share; mT5 (https://arxiv.org/abs/2010.11934) with other defaults, and UMT5
/// (https://arxiv.org/abs/2304.09151) with buckets in each layer. Checked against the class
/// `T5ForConditionalGeneration` and those of the others.
final class T5 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("t5", "mt5", "umt5");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int hidden = config.positive("d_model", 512);
        Norm norm = new Norm.Rms(Standard.epsilon(config, "layer_norm_epsilon", 1e-6), 0);
        String type = config.text("model_type");
        boolean isFirst = type.equals("t5");
        int layers = config.has("num_layers") ? Numbers.layers(config, "num_layers") : isFirst ? 6 : 8;
        int decoderLayers = config.has("num_decoder_layers") ? Numbers.layers(config, "num_decoder_layers")
                : layers;
        T5Layers stacks = T5Layers.read(config, norm, isFirst);
        List<Sublayer> decoder = stacks.decoder(decoderLayers);
        List<Sublayer> encoder = stacks.encoder(layers, decoder.size());
        // The first T5 scales the last hidden state; the configs of later ones say so by a head that is not tied. Those
        // that say it outright, and mT5 and UMT5, may have either head: the file decides. mT5 never scales.
        boolean tied = config.flag("tie_word_embeddings", true);
        boolean scales = !type.equals("mt5") && config.flag("scale_decoder_outputs", tied);
        Head head = (tied || !type.equals("t5") || config.has("scale_decoder_outputs") ? Head.TIED : Head.SEPARATE)
                .with(Standard.logits(scales ? 1 / Math.sqrt(hidden) : 1));
        return new ModelSpec(type, config.positive("vocab_size"), hidden, config.positive("n_positions", 512),
                Embedding.PLAIN, decoder, norm, head, Optional.of(new Encoder(encoder, norm,
                        config.integer("decoder_start_token_id", config.integer("pad_token_id", 0)))));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return T5Names.source(spec, p);
    }

    /// Copies of the embedding, and unused biases of the first files.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.equals("encoder.embed_tokens.weight") || name.equals("decoder.embed_tokens.weight")
                || name.endsWith(".layer.1.EncDecAttention.relative_attention_bias.weight");
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new T5Gguf());
    }
}
