package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import java.util.List;
import java.util.Optional;

/// EXAONE 3 and 3.5 (https://arxiv.org/abs/2408.03541): Llama's structure under names like those of GPT-2. Checked
/// against `ExaoneForCausalLM`.
final class Exaone implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("exaone");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Config renamed = config.orElse("num_hidden_layers", "num_layers").orElse("rms_norm_eps", "layer_norm_epsilon")
                .orElse("hidden_act", "activation_function");
        int headSize = AttentionConfig.headSize(renamed, 0);
        Attention attention = AttentionConfig.causal(renamed, headSize, RopeConfig.read(renamed, headSize, 10_000),
                Bias.NONE);
        Mixer mlp = Standard.mlp(renamed, "intermediate_size", Bias.NONE);
        return Standard.spec(renamed, 2048, false, Standard.epsilon(renamed, "rms_norm_eps", 1e-5),
                layer -> attention, layer -> mlp);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, "model.layers.", "transformer.h.", "model.", "transformer.",
                "embed_tokens", "wte", "transformer.norm", "transformer.ln_f", "input_layernorm", "ln_1",
                "post_attention_layernorm", "ln_2", "self_attn", "attn.attention", "o_proj", "out_proj",
                "gate_proj", "c_fc_0", "up_proj", "c_fc_1", "down_proj", "c_proj");
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new StandardGguf("exaone", "exaone", StandardGguf.Rotation.HALF_SPLIT));
    }
}
