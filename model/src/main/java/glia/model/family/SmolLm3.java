package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.layout.GgufForm;
import glia.model.family.gguf.StandardGguf;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.ModelSpec;
import glia.model.spec.Rope;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// SmolLM3: Llama's structure without RoPE in every fourth layer (https://arxiv.org/abs/2501.18795). In
/// `no_rope_layers` a 1 means, against its name, that the layer has RoPE. Checked against `SmolLM3ForCausalLM`.
final class SmolLm3 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("smollm3");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Attention rotating = AttentionConfig.causal(config, 4, headSize, RopeConfig.read(config, headSize, 2_000_000),
                Standard.bias(config, "attention_bias", false));
        Attention noRope = rotating.with(new Rope.None());
        boolean[] rotates = LayerTypes.rotates(config);
        boolean sliding = config.flag("use_sliding_window", false) && config.has("sliding_window");
        boolean[] slides = LayerTypes.read(config, layer -> sliding && !rotates[layer]);
        Bias mlpBias = Standard.bias(config, "mlp_bias", false);
        return Standard.spec(Padding.orElse(config, 128_004), 32_768, true, mlpBias, layer ->
                (rotates[layer] ? rotating : noRope).with(sliding && slides[layer] ? AttentionConfig.span(config)
                        : new Span.Causal()));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new StandardGguf("smollm3", "smollm3", StandardGguf.Rotation.INTERLEAVED));
    }
}
