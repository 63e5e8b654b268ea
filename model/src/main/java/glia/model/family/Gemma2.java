package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.GemmaGguf;
import glia.model.layout.GgufForm;
import glia.model.spec.Attention;
import glia.model.spec.ModelSpec;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// Gemma 2 (https://arxiv.org/abs/2408.00118): norms before and after each mixer, sliding windows in every other layer,
/// soft-capped scores and logits. Checked against the class `Gemma2ForCausalLM`.
final class Gemma2 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("gemma2");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Standard.refuse(config, "use_bidirectional_attention");
        int headSize = AttentionConfig.headSize(config, 256);
        boolean[] slides = LayerTypes.read(config, layer -> layer % 2 == 0);
        Span sliding = new Span.Sliding(GemmaBody.window(config));
        Attention attention = AttentionConfig.causal(config, 4, headSize, RopeConfig.read(config, headSize, 10_000),
                Standard.bias(config, "attention_bias", false))
                .withScale(GemmaBody.scale(config)).with(GemmaBody.scores(config, 50));
        return GemmaBody.spec(config, 8192, 30, layer -> attention.with(slides[layer] ? sliding : new Span.Causal()));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new GemmaGguf("gemma2", "gemma2", 46));
    }
}
