package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Padding;
import glia.model.family.hub.SpeechNames;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Embedding.Features;
import glia.model.spec.Embedding;
import glia.model.spec.Encoder;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Stage;
import glia.tensor.kernel.Activation;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Whisper (https://arxiv.org/abs/2212.04356): an encoder-decoder from log-mel spectrograms to text. Two convolutions
/// over time halve the number of frames. Checked against the class `WhisperForConditionalGeneration`, which ignores
/// `scale_embedding`.
final class Whisper implements Family {
    private static final Map<String, Integer> DEFAULTS = Map.of("encoder_layers", 4, "decoder_layers", 4,
            "encoder_attention_heads", 6, "decoder_attention_heads", 6, "encoder_ffn_dim", 1536, "decoder_ffn_dim",
            1536, "d_model", 384);

    @Override
    public List<String> modelTypes() {
        return List.of("whisper");
    }

    @Override
    public ModelSpec spec(Config given) throws CheckpointException {
        Config config = given.orElse(DEFAULTS);
        int hidden = config.positive("d_model");
        Norm norm = new Norm.Layer(1e-5f);
        Activation activation = Activations.read(config, "activation_function", "gelu");
        BartLayers layers = new BartLayers(hidden, activation, norm, true, Bias.ALL_BUT_KEYS);
        int context = config.positive("max_target_positions", 448);
        Embedding embedding = Padding.read(config, new Embedding(new Positions.Learned(context), 1, 0,
                new Norm.None()), 50_256);
        Stage gelu = new Stage.Activated(Activation.GELU);
        Features mel = Features.signal(config.positive("num_mel_bins", 80), List.of(
                new Stage.Convolved(hidden, 3, 1, 1, true), gelu, new Stage.Convolved(hidden, 3, 2, 1, true), gelu));
        Embedding ofSound = new Embedding(new Positions.Learned(config.positive("max_source_positions", 1500)), 1, 0,
                new Norm.None()).with(mel);
        return new ModelSpec("whisper", config.positive("vocab_size", 51_865), hidden, context, embedding,
                layers.decoder(config), norm,
                config.flag("tie_word_embeddings", true) ? Head.TIED : Head.SEPARATE,
                Optional.of(new Encoder(layers.encoder(config), norm,
                        config.integer("decoder_start_token_id", 50_257), Optional.of(ofSound))));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return SpeechNames.whisper(spec, p);
    }

    /// Copies of the embedding.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return spec.head().matrix() == Head.Matrix.TIED && name.equals("proj_out.weight");
    }
}
