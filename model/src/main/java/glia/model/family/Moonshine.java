package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.hub.SpeechNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.CrossAttention;
import glia.model.spec.Embedding.Features;
import glia.model.spec.Embedding;
import glia.model.spec.Encoder;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Rope;
import glia.model.spec.Stage;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Moonshine (https://arxiv.org/abs/2410.15608): an encoder-decoder from the samples of a sound to text, of any length.
/// Three convolutions make a row of 384 samples. Checked against `MoonshineForConditionalGeneration`.
final class Moonshine implements Family {
    private static final Norm NORM = new Norm.UnbiasedLayer(1e-5f);

    @Override
    public List<String> modelTypes() {
        return List.of("moonshine");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int hidden = config.positive("hidden_size", 288);
        int width = config.positive("intermediate_size", 1152);
        Bias bias = config.flag("attention_bias", false) ? Bias.INPUTS : Bias.NONE;
        Stage gelu = new Stage.Activated(Activation.GELU);
        Features samples = Features.signal(1, List.of(new Stage.Convolved(hidden, 127, 64, 0, false),
                new Stage.Activated(Activation.TANH), new Stage.TimeNormed(1),
                new Stage.Convolved(2 * hidden, 7, 3, 0, true), gelu,
                new Stage.Convolved(hidden, 3, 2, 0, true), gelu));
        Mixer mlp = new Mixer.Mlp(width, Activations.read(config, "encoder_hidden_act", "gelu"), Bias.ALL);
        Attention both = attention(config, "encoder_num_", hidden, bias).with(new Span.Bidirectional());
        List<Sublayer> encoder = layers(Numbers.layers(config, "encoder_num_hidden_layers"), both, mlp);
        Attention self = attention(config, "decoder_num_", hidden, bias);
        List<Sublayer> decoder = layers(Numbers.layers(config, "decoder_num_hidden_layers"), self,
                new CrossAttention(self.numHeads(), self.headSize(), self.scale(), bias),
                new Mixer.GatedMlp(width, Activations.read(config, "decoder_hidden_act", "silu"), Bias.ALL));
        Embedding ofSound = new Embedding(new Positions.None(), 1, 0, new Norm.None()).with(samples);
        return new ModelSpec("moonshine", config.positive("vocab_size", 32_768), hidden,
                config.positive("max_position_embeddings", 512), Padding.read(config, Embedding.PLAIN), decoder, NORM,
                config.flag("tie_word_embeddings", true) ? Head.TIED : Head.SEPARATE,
                Optional.of(new Encoder(encoder, NORM, config.integer("decoder_start_token_id", 1),
                        Optional.of(ofSound))));
    }

    private static Attention attention(Config config, String prefix, int hidden, Bias bias)
            throws CheckpointException {
        int heads = config.positive(prefix + "attention_heads", 8);
        int others = config.positive(prefix + "key_value_heads", heads);
        if (hidden % heads != 0 || others != heads) {
            throw config.error(prefix + "attention_heads", "found " + heads + " heads with " + others
                    + " of keys and values, expected a divisor of " + hidden + " and equal numbers");
        }
        Rope rope = RopeConfig.read(config, hidden / heads, 10_000, 0.9).with(Layout.INTERLEAVED);
        return Attention.causal(heads, heads, hidden / heads, rope, bias);
    }

    private static List<Sublayer> layers(int count, Mixer... mixers) {
        List<Sublayer> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int layer = i;
            Stream.of(mixers).forEach(mixer -> all.add(new Sublayer(layer, NORM, mixer)));
        }
        return all;
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return SpeechNames.moonshine(spec, p);
    }

    /// Copies of the embedding.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return spec.head().matrix() == Head.Matrix.TIED && name.equals("proj_out.weight");
    }
}
