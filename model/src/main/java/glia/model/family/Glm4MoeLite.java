package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.LatentConfig;
import glia.model.family.config.Standard;
import glia.model.layout.GgufForm;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.ModelSpec;
import java.util.List;
import java.util.Optional;

/// GLM-4.7-Flash (2025): latent attention with DeepSeek V3's experts, in the layers that `mlp_layer_types` names.
/// Checked against the class `Glm4MoeLiteForCausalLM`.
final class Glm4MoeLite implements LatentFamily {
    @Override
    public List<String> modelTypes() {
        return List.of("glm4_moe_lite");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        LatentAttention attention = LatentConfig.DEEPSEEK.attention(config, new KeyChoice.All());
        LatentExperts experts = new LatentExperts(1, 64, 1, 1536, 1, 1, LatentExperts.Method.NOAUX_TC, true, 1.8);
        return Standard.spec(config, 202_752, false, Standard.epsilon(config, "rms_norm_eps", 1e-5),
                layer -> attention, experts.read(config));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return new DeepseekV3().gguf();
    }
}
