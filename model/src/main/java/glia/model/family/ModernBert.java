package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ModernBertGguf;
import glia.model.family.hub.ModernBertNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Classes;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Positions;
import glia.model.spec.Rope;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// ModernBERT (https://arxiv.org/abs/2412.13663): an encoder with RoPE, gated MLPs, no biases, and local attention in
/// two of three layers. Checked against the class `ModernBertForMaskedLM`.
final class ModernBert implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("modernbert");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int hidden = config.positive("hidden_size", 768);
        int heads = config.positive("num_attention_heads", 12);
        int headSize = AttentionConfig.headSize(config, 0);
        Norm norm = norm(config);
        int every = config.positive("global_attn_every_n_layers", 3);
        boolean[] slides = LayerTypes.read(config, layer -> layer % every != 0);
        int reach = config.positive("local_attention", 128) / 2;
        Bias bias = Standard.bias(config, "attention_bias", false);
        Mixer mlp = new GatedMlp(config.positive("intermediate_size", 1152),
                Activations.read(config, "hidden_activation", "gelu"), Standard.bias(config, "mlp_bias", false));
        List<Sublayer> sublayers = new ArrayList<>();
        for (int layer = 0; layer < slides.length; layer++) {
            Mixer attention = Attention.causal(heads, heads, headSize, rope(config, headSize, slides[layer]), bias)
                    .with(slides[layer] ? new Span.BidirectionalWindow(reach) : new Span.Bidirectional());
            sublayers.add(new Sublayer(layer, layer == 0 ? new Norm.None() : norm, attention));
            sublayers.add(new Sublayer(layer, norm, mlp));
        }
        Embedding embedding = Padding.read(config, new Embedding(new Positions.None(), 1, 0, norm), 50_283);
        return new ModelSpec("modernbert", config.positive("vocab_size"), hidden,
                config.positive("max_position_embeddings", 8192), embedding, sublayers, norm,
                Standard.maskedHead(config, Standard.transform(config, norm),
                        Standard.bias(config, "decoder_bias", true), "ModernBertForMaskedLM"));
    }

    @Override
    public Head classifier(Config config, List<String> labels, Classes.Outcome outcome) throws CheckpointException {
        return Head.classifier(new Classes(labels, SequenceClassifier.pool(config), outcome),
                Standard.transform(config, norm(config)), true);
    }

    private static Norm norm(Config config) throws CheckpointException {
        float eps = Standard.epsilon(config, "norm_eps", 1e-5);
        return config.flag("norm_bias", false) ? new Norm.Layer(eps) : new Norm.UnbiasedLayer(eps);
    }

    /// Global layers have a RoPE base of 160,000, local ones 10,000.
    private static Rope rope(Config config, int headSize, boolean slides) throws CheckpointException {
        Optional<Config> own = RopeConfig.ofKind(config, slides);
        double base = Numbers.real(config, slides ? "local_rope_theta" : "global_rope_theta",
                NumberRange.ROPE_THETA, slides ? 10_000 : 160_000);
        return own.isPresent() ? RopeConfig.read(config, own.get(), headSize, base)
                : RopeConfig.read(config, headSize, base);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return ModernBertNames.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ModernBertGguf());
    }
}
