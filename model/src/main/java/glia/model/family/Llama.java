package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.layout.GgufForm;
import glia.model.family.gguf.StandardGguf;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.ModelSpec;
import glia.model.spec.Rope;
import java.util.List;
import java.util.Optional;

/// Llama 1 to 3.3, SmolLM2 and everything made after them (https://arxiv.org/abs/2302.13971,
/// https://arxiv.org/abs/2407.21783). Checked against the class `LlamaForCausalLM`.
final class Llama implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("llama");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Rope rope = RopeConfig.read(config, headSize, 10_000);
        Attention attention = AttentionConfig.causal(config, headSize, rope,
                Standard.bias(config, "attention_bias", false));
        Bias mlpBias = Standard.bias(config, "mlp_bias", false);
        return Standard.spec(config, 2048, false, mlpBias, layer -> attention);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(new StandardGguf("llama", "llama", StandardGguf.Rotation.INTERLEAVED),
                ExpertGguf.FFN_NORM, List.of(), (keys, checkpoint) -> {
            if (keys.has("expert_count") && keys.integer("expert_count") > 0) {
                keys.put("model_type", "mixtral");
            }
        }));
    }
}
