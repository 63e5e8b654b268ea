package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.Subsampling;
import glia.model.family.hub.SpeechNames;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Conformer;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Residual;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Activation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Parakeet with connectionist temporal classification: a fast conformer (https://arxiv.org/abs/2305.05084) of log-mel
/// spectrograms with logits of pieces of text for each frame; the padding token is the blank. Checked against
/// `ParakeetForCTC`.
final class Parakeet implements Family {
    private static final Norm NORM = new Norm.Layer(1e-5f);
    private static final float HALF = 0.5f;

    @Override
    public List<String> modelTypes() {
        return List.of("parakeet_ctc");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Config encoder = config.child("encoder_config", Map.of());
        int hidden = encoder.positive("hidden_size", 1024);
        int heads = Subsampling.heads(encoder, hidden);
        Activation activation = Activations.read(encoder, "hidden_act", "silu");
        boolean biased = encoder.flag("attention_bias", true);
        Mlp mlp = new Mlp(encoder.positive("intermediate_size", 4096), activation, biased ? Bias.ALL : Bias.NONE);
        Conformer.PositionedAttention attention = new Conformer.PositionedAttention(heads, hidden / heads, biased);
        Conformer.LightConvolution convolution = new Conformer.LightConvolution(hidden, kernel(encoder), activation,
                encoder.flag("convolution_bias", true), 1e-5f);
        List<Sublayer> sublayers = new ArrayList<>();
        for (int i = 0; i < Numbers.layers(encoder, "num_hidden_layers"); i++) {
            sublayers.add(new Sublayer(i, NORM, mlp).with(new Residual.Add(HALF)));
            sublayers.add(new Sublayer(i, NORM, attention));
            sublayers.add(new Sublayer(i, NORM, convolution));
            sublayers.add(new Sublayer(i, NORM, mlp).with(new Residual.Closed(HALF, NORM)));
        }
        Embedding embedding = new Embedding(new Positions.None(), 1, 0, new Norm.None())
                .with(Embedding.Features.signal(encoder.positive("num_mel_bins", 80),
                        Subsampling.stages(encoder, hidden)));
        return new ModelSpec("parakeet_ctc", config.positive("vocab_size", 1025), hidden,
                encoder.positive("max_position_embeddings", 5000), Padding.read(config, embedding, 1024), sublayers,
                new Norm.None(), new Head(Head.Matrix.SEPARATE, Head.Transform.NONE, Bias.ALL,
                        new Head.Logits.Plain()));
    }

    private static int kernel(Config encoder) throws CheckpointException {
        int kernel = encoder.positive("conv_kernel_size", 9);
        if (kernel % 2 == 0) {
            throw encoder.error("conv_kernel_size", "found " + kernel + ", expected an odd number");
        }
        return kernel;
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return SpeechNames.parakeet(spec, p);
    }

    /// The number of batches that the stored means are of.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return name.endsWith(".conv.norm.num_batches_tracked");
    }
}
