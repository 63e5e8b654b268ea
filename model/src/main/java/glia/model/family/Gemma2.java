package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Rope;
import glia.tensor.kernel.Scores;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// Gemma 2 (https://arxiv.org/abs/2408.00118): norms before and after each mixer, every other layer sliding, scores
/// and logits softly capped. Checked against the class `Gemma2ForCausalLM`.
public final class Gemma2 implements Family {
    public Gemma2() { }

    @Override
    public List<String> modelTypes() {
        return List.of("gemma2");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 256);
        Rope rope = RopeConfig.read(config, headSize, 10_000);
        boolean[] slides = LayerTypes.read(config, layer -> layer % 2 == 0);
        Span sliding = new Span.Sliding(GemmaBody.window(config));
        Scores scores = GemmaBody.scores(config, 50);
        Bias bias = Standard.bias(config, "attention_bias", false);
        return GemmaBody.spec(config, 8192, 30, layer -> new Attention(config.positive("num_attention_heads"),
                AttentionConfig.numKeyValueHeads(config, 4), headSize, GemmaBody.scale(config), rope,
                slides[layer] ? sliding : new Span.Causal(), new Norm.None(), bias).with(scores));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Standard.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new GemmaGguf("gemma2", "gemma2", 46));
    }
}
