package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.hub.LfmNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// LFM3: LFM2's short gated convolutions; attention with a gate for each head, in windows in every other attention
/// layer; norms before and after each mixer. Checked against the class `Lfm3ForCausalLM`.
final class Lfm3 implements Family {
    private static final String SLIDING = "sliding_attention";
    private static final Map<String, Map<String, Object>> ROPE = Map.of(
            SLIDING, Map.of("rope_type", "default", "rope_theta", 10_000.0), Lfm2.FULL,
            Map.of("rope_type", "proportional", "rope_theta", 1e6, "partial_rotary_factor", 0.5));

    @Override
    public List<String> modelTypes() {
        return List.of("lfm3");
    }

    @Override
    public ModelSpec spec(Config given) throws CheckpointException {
        Config config = given.has("rope_parameters") || given.has("rope_scaling") ? given
                : given.with("rope_parameters", ROPE);
        float eps = Standard.epsilon(config, config.mentions("norm_eps") ? "norm_eps" : "rms_norm_eps", 1e-5);
        Norm norm = new Norm.Rms(eps, 0);
        Mixer full = attention(config, eps, false);
        Mixer sliding = attention(config, eps, true);
        String[] kinds = LayerTypes.kinds(config, List.of(Lfm2.CONVOLUTION, Lfm2.FULL, SLIDING),
                layer -> layer % 4 == 2 ? Lfm2.FULL : layer % 4 == 0 && layer > 0 ? SLIDING : Lfm2.CONVOLUTION);
        Mixer convolution = LfmMixers.convolution(config, 7);
        Mixer mlp = new GatedMlp(config.positive("intermediate_size", 7680), Activation.SILU, Bias.NONE);
        Norm after = config.flag("use_sandwich_norm", true) ? norm : new Norm.None();
        return Standard.model(config, 128_000, Padding.read(config, Embedding.PLAIN, 124_893),
                Standard.layers(Numbers.layers(config, "num_hidden_layers"), norm, after, Residual.PLAIN,
                        layer -> kinds[layer].equals(Lfm2.CONVOLUTION) ? convolution
                                : kinds[layer].equals(SLIDING) ? sliding : full, layer -> mlp),
                norm, Standard.head(config, true));
    }

    private static Attention attention(Config config, float eps, boolean slides) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 128);
        Optional<Config> own = RopeConfig.ofKind(config, slides);
        Rope rope = own.isPresent() ? RopeConfig.read(config, own.get(), headSize, 1e6)
                : RopeConfig.read(config, headSize, 1e6);
        boolean windowed = slides && !config.isNull("sliding_window");
        return AttentionConfig.causal(config, 4, headSize, rope, Standard.bias(config, "attention_bias", false))
                .with(new QkNorm.Heads(new Norm.Rms(eps, 0)))
                .with(windowed ? new Span.Sliding(config.positive("sliding_window", 256)) : new Span.Causal())
                .with(config.flag("use_attention_gate", true) ? Attention.Gating.BY_HEAD : Attention.Gating.NONE);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return LfmNames.source(spec, p);
    }
}
