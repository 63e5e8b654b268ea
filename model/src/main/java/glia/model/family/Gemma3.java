package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.GemmaGguf;
import glia.model.layout.GgufForm;
import glia.model.spec.Attention;
import glia.model.spec.Head;
import glia.model.spec.ModelSpec;
import glia.model.spec.NumberRange;
import glia.model.spec.QkNorm;
import glia.model.spec.Rope;
import glia.model.spec.RopeScaling;
import glia.tensor.kernel.RopeTable.Layout;
import glia.tensor.kernel.Span;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Gemma 3, text (https://arxiv.org/abs/2503.19786): Gemma 2's structure with QK norms, five sliding-window layers to
/// one full layer with a larger RoPE base, and no cap of scores; EmbeddingGemma (https://arxiv.org/abs/2509.20354)
/// looks ahead, half of the window on each side. Checked against the class `Gemma3ForCausalLM`, which ignores
/// `attn_logit_softcapping`.
final class Gemma3 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("gemma3_text");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 256);
        int pattern = config.positive("sliding_window_pattern", config.positive("_sliding_window_pattern", 6));
        boolean[] slides = LayerTypes.read(config, layer -> (layer + 1) % pattern != 0);
        boolean looksAhead = config.flag("use_bidirectional_attention", false);
        int window = GemmaBody.window(config);
        Span sliding = looksAhead ? new Span.BidirectionalWindow(window / 2) : new Span.Sliding(window);
        Span full = looksAhead ? new Span.Bidirectional() : new Span.Causal();
        GemmaBody.scores(config, 0);
        Attention attention = AttentionConfig.causal(config, 4, headSize, new Rope.None(),
                Standard.bias(config, "attention_bias", false))
                .withScale(GemmaBody.scale(config)).with(new QkNorm.Heads(GemmaBody.norm(config)));
        ModelSpec spec = GemmaBody.spec(config, 131_072, 0, layer -> attention
                .with(rope(config, headSize, slides[layer])).with(slides[layer] ? sliding : full));
        return looksAhead && config.has("architectures") && Arrays.asList(config.strings("architectures"))
                .contains("Gemma3TextModel") ? spec.withHead(Head.ABSENT) : spec;
    }

    /// Sliding-window layers have a RoPE base of 10,000 without scaling, full layers 1,000,000 with `rope_scaling`.
    private static Rope rope(Config config, int headSize, boolean slides) throws CheckpointException {
        Optional<Config> own = RopeConfig.ofKind(config, slides);
        if (own.isPresent()) {
            return RopeConfig.read(config, own.get(), headSize, slides ? 10_000 : 1_000_000);
        }
        return slides
                ? new Rope.Rotary(headSize,
                        Numbers.real(config, "rope_local_base_freq", NumberRange.ROPE_THETA, 10_000),
                        new RopeScaling.None(), Layout.HALF_SPLIT)
                : RopeConfig.read(config, headSize, 1_000_000);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new GemmaGguf("gemma3", "gemma3_text", 62));
    }
}
