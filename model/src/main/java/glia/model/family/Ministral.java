package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.ModelSpec;
import glia.tensor.kernel.Span;
import java.util.List;

/// Ministral 8B (2024): Mistral's structure, in which `layer_types` says which layers have a sliding window; by default
/// all have. Checked against the class `MinistralForCausalLM`.
final class Ministral implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("ministral");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        boolean windowed = config.has("sliding_window") || !config.mentions("sliding_window");
        boolean[] slides = LayerTypes.read(config, layer -> windowed);
        Attention full = AttentionConfig.causal(config, 8, headSize, RopeConfig.read(config, headSize, 10_000),
                Bias.NONE);
        Attention sliding = windowed ? full.with(new Span.Sliding(config.positive("sliding_window", 4096))) : full;
        return Standard.spec(config, 131_072, false, Bias.NONE, layer -> slides[layer] ? sliding : full);
    }
}
