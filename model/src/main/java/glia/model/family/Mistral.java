package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.layout.GgufForm;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.ModelSpec;
import glia.model.spec.Rope;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// Mistral 7B and Nemo: Llama's structure with a sliding window in every layer (https://arxiv.org/abs/2310.06825); from
/// version 0.2 on the window is null, which means none. Checked against the class `MistralForCausalLM`. The GGUF
/// architecture is `llama`.
final class Mistral implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("mistral");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Rope rope = RopeConfig.read(config, headSize, 10_000);
        Span span = config.has("sliding_window") ? new Span.Sliding(config.positive("sliding_window"))
                : config.mentions("sliding_window") ? new Span.Causal() : new Span.Sliding(4096);
        Attention attention = AttentionConfig.causal(config, 8, headSize, rope, Bias.NONE).with(span);
        return Standard.spec(config, 131_072, false, Bias.NONE, layer -> attention);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return new Llama().gguf();
    }
}
