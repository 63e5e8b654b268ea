package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.layout.GgufForm;
import glia.model.family.gguf.ByType;
import glia.model.family.gguf.StandardGguf;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.ModelSpec;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// Qwen2 and Qwen2.5: Llama's structure with biases of queries, keys and values (https://arxiv.org/abs/2407.10671), and
/// optional sliding windows from layer `max_window_layers` on. Checked against `Qwen2ForCausalLM`.
final class Qwen2 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("qwen2");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Attention attention = AttentionConfig.causal(config, 32, headSize, RopeConfig.read(config, headSize, 10_000),
                Bias.INPUTS);
        Span[] spans = spans(config);
        return Standard.spec(config, 32_768, false, Bias.NONE, layer -> attention.with(spans[layer]));
    }

    /// The attention span of each layer, in Qwen2 and Qwen3.
    static Span[] spans(Config config) throws CheckpointException {
        int firstSliding = Numbers.count(config, "max_window_layers", 28);
        boolean on = config.flag("use_sliding_window", false)
                && (config.has("sliding_window") || !config.mentions("sliding_window"));
        int window = on ? config.positive("sliding_window", 4096) : 0;
        boolean[] slides = LayerTypes.read(config, layer -> on && layer >= firstSliding);
        Span[] spans = new Span[slides.length];
        for (int i = 0; i < spans.length; i++) {
            if (slides[i] && !on) {
                throw config.error("layer_types", "layer " + i + " slides but use_sliding_window is off");
            }
            spans[i] = slides[i] ? new Span.Sliding(window) : new Span.Causal();
        }
        return spans;
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ByType(List.of("qwen2", "qwen2_vl_text"), List.of(
                new StandardGguf("qwen2", "qwen2", StandardGguf.Rotation.HALF_SPLIT),
                new StandardGguf("qwen2vl", "qwen2", StandardGguf.Rotation.HALF_SPLIT))));
    }
}
