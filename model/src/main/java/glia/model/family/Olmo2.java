package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.layout.GgufForm;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.QkNorm;
import glia.model.spec.Residual;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.model.spec.Sublayer;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// OLMo 2 and 3 (https://arxiv.org/abs/2501.00656): norms after each mixer instead of before it, and RMS norms over all
/// queries and all keys. OLMo 3 has sliding windows in three of four layers, and scales RoPE in the others alone.
/// Checked against `Olmo2ForCausalLM` and `Olmo3ForCausalLM`.
final class Olmo2 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("olmo2", "olmo3");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-5);
        Attention attention = AttentionConfig.causal(config, headSize, RopeConfig.read(config, headSize, 10_000),
                Standard.bias(config, "attention_bias", false)).with(new QkNorm.Whole(new Norm.Rms(epsilon, 0)));
        if (config.text("model_type").equals("olmo2")) {
            return postNorm(config, layer -> attention);
        }
        boolean[] slides = LayerTypes.read(config, layer -> (layer + 1) % 4 != 0);
        Attention full = attention.with(rope(config, headSize, false));
        Attention sliding = attention.with(rope(config, headSize, true))
                .with(new Span.Sliding(config.positive("sliding_window", 4096)));
        return postNorm(config, layer -> slides[layer] ? sliding : full);
    }

    /// RoPE of the layers of a kind; where the config has one RoPE for all, layers with a window do not scale it.
    private static Rope rope(Config config, int headSize, boolean slides) throws CheckpointException {
        Optional<Config> own = RopeConfig.ofKind(config, slides);
        if (own.isPresent()) {
            return RopeConfig.read(config, own.get(), headSize, 10_000);
        }
        Rope.Rotary all = RopeConfig.read(config, headSize, 10_000);
        return slides ? all.with(new RopeScaling.None()) : all;
    }

    /// Layers of `x + norm(mixer(x))`, in OLMo 2 and EXAONE 4.
    static ModelSpec postNorm(Config config, Standard.Attentions attentions) throws CheckpointException {
        Norm norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-5), 0);
        Mixer mlp = Standard.mlp(config, "intermediate_size", Bias.NONE);
        List<Sublayer> sublayers = Standard.layers(Numbers.layers(config, "num_hidden_layers"), new Norm.None(), norm,
                Residual.PLAIN, attentions, layer -> mlp);
        return Standard.model(config, 2048, Padding.read(config, Embedding.PLAIN), sublayers, norm,
                Standard.head(config, false));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(new StandardGguf("olmo2", "olmo2", StandardGguf.Rotation.HALF_SPLIT),
                ExpertGguf.FFN_NORM, List.of(StandardGguf.SLIDES), (keys, checkpoint) -> {
            keys.copy(List.of(StandardGguf.SLIDES));
            if (keys.has("attention.sliding_window")) {
                keys.put("model_type", "olmo3");
            }
        }));
    }
}
