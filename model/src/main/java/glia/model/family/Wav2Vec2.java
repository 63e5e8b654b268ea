package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.hub.SpeechNames;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Embedding.Features;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Sublayer;
import java.util.ArrayList;
import java.util.List;

/// wav2vec 2.0 (https://arxiv.org/abs/2006.11477) for speech recognition: an encoder of samples with logits of letters
/// for each frame; the padding token is the blank. Checked against `Wav2Vec2ForCTC`.
final class Wav2Vec2 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("wav2vec2");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Standard.refuse(config, "add_adapter", "adapter_attn_dim");
        int hidden = config.positive("hidden_size", 768);
        int heads = config.positive("num_attention_heads", 12);
        if (hidden % heads != 0) {
            throw config.error("num_attention_heads", "found " + heads + ", expected a divisor of " + hidden);
        }
        Norm norm = new Norm.Layer(Standard.epsilon(config, "layer_norm_eps", 1e-5));
        boolean isPre = config.flag("do_stable_layer_norm", false);
        BertLayers layers = new BertLayers(heads, hidden / heads, config.positive("intermediate_size", 3072),
                Activations.read(config, "hidden_act", "gelu"), norm);
        List<Sublayer> sublayers = new ArrayList<>();
        for (int i = 0; isPre && i < Numbers.layers(config, "num_hidden_layers"); i++) {
            sublayers.add(new Sublayer(i, norm, layers.attention()));
            sublayers.add(new Sublayer(i, norm, layers.mlp()));
        }
        Embedding embedding = new Embedding(new Positions.None(), 1, 0, isPre ? new Norm.None() : norm)
                .with(Features.signal(1, Wav2Vec2Stages.read(config, hidden, norm)));
        return new ModelSpec("wav2vec2", config.positive("vocab_size", 32), hidden, 1 << 16,
                Padding.read(config, embedding, 0),
                isPre ? sublayers : layers.of(Numbers.layers(config, "num_hidden_layers")), norm,
                new Head(Head.Matrix.SEPARATE, Head.Transform.NONE, Bias.ALL, new Head.Logits.Plain()));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return SpeechNames.wav2vec2(spec, p);
    }

    /// The vector that takes the place of masked frames in training.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.equals("wav2vec2.masked_spec_embed");
    }
}
