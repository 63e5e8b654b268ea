package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.layout.GgufForm;
import glia.model.family.gguf.ByType;
import glia.model.family.gguf.StandardGguf;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.QkNorm;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// Qwen3, dense: Llama's structure with an RMS norm of each query and key head before RoPE
/// (https://arxiv.org/abs/2505.09388). Checked against the class `Qwen3ForCausalLM`.
final class Qwen3 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("qwen3");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 128);
        Attention attention = AttentionConfig.causal(config, 32, headSize, RopeConfig.read(config, headSize, 10_000),
                Standard.bias(config, "attention_bias", false))
                .with(new QkNorm.Heads(new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 0)));
        Span[] spans = Qwen2.spans(config);
        return Standard.spec(config, 32_768, false, Bias.NONE, layer -> attention.with(spans[layer]));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ByType(List.of("qwen3", "qwen3_vl_text"), List.of(
                new StandardGguf("qwen3", "qwen3", StandardGguf.Rotation.HALF_SPLIT),
                new StandardGguf("qwen3vl", "qwen3", StandardGguf.Rotation.HALF_SPLIT))));
    }
}
