package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Rope;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// Qwen3, dense: Llama's body with an RMS norm of each head of queries and keys before rotation
/// (https://arxiv.org/abs/2505.09388). Checked against the class `Qwen3ForCausalLM`.
public final class Qwen3 implements Family {
    public Qwen3() { }

    @Override
    public List<String> modelTypes() {
        return List.of("qwen3");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = Standard.headSize(config, 128);
        int kvHeads = config.mentions("num_key_value_heads") ? Standard.numKeyValueHeads(config) : 32;
        Rope rope = RopeConfig.read(config, headSize, 10_000);
        Norm headNorm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-6), 0);
        Bias bias = config.flag("attention_bias", false) ? Bias.ALL : Bias.NONE;
        Span[] spans = Qwen2.spans(config);
        return Standard.spec(config, 32_768, false, Bias.NONE, layer -> new Attention(
                config.positive("num_attention_heads"), kvHeads, headSize, (float) (1 / Math.sqrt(headSize)), rope,
                spans[layer], headNorm, bias));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Standard.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new StandardGguf("qwen3", "qwen3", StandardGguf.Rotation.HALF_SPLIT));
    }
}
