package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.layout.GgufForm;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.QkNorm;
import glia.model.spec.Rope;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// EXAONE 4 (https://arxiv.org/abs/2507.11407): norms after each mixer, an RMS norm of each query and key head, sliding
/// windows with RoPE in three of four layers, full attention without RoPE in the others. Checked against the class
/// `Exaone4ForCausalLM`.
final class Exaone4 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("exaone4");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Norm.Rms norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-5), 0);
        Attention attention = AttentionConfig.causal(config, 32, headSize, RopeConfig.read(config, headSize, 10_000),
                Bias.NONE).with(new QkNorm.Heads(norm));
        if (!config.has("sliding_window") && config.mentions("sliding_window")) {
            return Olmo2.postNorm(config, layer -> attention);
        }
        // A number, or letters such as LLLG, one for each layer of a period.
        int period = config.isText("sliding_window_pattern") ? config.text("sliding_window_pattern").length()
                : config.positive("sliding_window_pattern", 4);
        boolean[] slides = LayerTypes.read(config, layer -> (layer + 1) % period != 0);
        Attention sliding = attention.with(new Span.Sliding(config.positive("sliding_window", 4096)));
        Attention full = attention.with(new Rope.None());
        return Olmo2.postNorm(config, layer -> slides[layer] ? sliding : full);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(new StandardGguf("exaone4", "exaone4", StandardGguf.Rotation.HALF_SPLIT),
                ExpertGguf.FFN_NORM, List.of(StandardGguf.SLIDES), (keys, checkpoint) -> {
            keys.copy(List.of(StandardGguf.SLIDES));
            if (!keys.has("attention.sliding_window")) {
                keys.put("sliding_window", null);
            }
        }));
    }
}
