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

/// SmolLM3: Llama's body where every fourth layer has no rotary embedding (https://arxiv.org/abs/2501.18795). In
/// `no_rope_layers` a 1 means, against its name, that the layer does rotate. Checked against `SmolLM3ForCausalLM`.
public final class SmolLm3 implements Family {
    public SmolLm3() { }

    @Override
    public List<String> modelTypes() {
        return List.of("smollm3");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = Standard.headSize(config, 0);
        int kvHeads = config.mentions("num_key_value_heads") ? Standard.numKeyValueHeads(config) : 4;
        Rope rope = RopeConfig.read(config, headSize, 2_000_000);
        boolean[] rotates = LayerTypes.rotates(config);
        boolean sliding = config.flag("use_sliding_window", false) && config.has("sliding_window");
        boolean[] slides = LayerTypes.read(config, layer -> sliding && !rotates[layer]);
        Bias bias = config.flag("attention_bias", false) ? Bias.ALL : Bias.NONE;
        Bias mlpBias = config.flag("mlp_bias", false) ? Bias.ALL : Bias.NONE;
        return Standard.spec(config, 32_768, true, mlpBias, layer -> new Attention(
                config.positive("num_attention_heads"), kvHeads, headSize, (float) (1 / Math.sqrt(headSize)),
                rotates[layer] ? rope : new Rope.None(),
                sliding && slides[layer] ? new Span.Sliding(config.positive("sliding_window")) : new Span.Causal(),
                new Norm.None(), bias));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Standard.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new StandardGguf("smollm3", "smollm3", StandardGguf.Rotation.INTERLEAVED));
    }
}
