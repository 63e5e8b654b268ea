package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.LatentConfig;
import glia.model.family.config.Standard;
import glia.model.layout.GgufForm;
import glia.model.family.gguf.LatentGguf;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.ModelSpec;
import java.util.List;
import java.util.Optional;

/// DeepSeek V3, V3.1 and R1 (https://arxiv.org/abs/2412.19437) and Kimi K2, which is the same with other sizes
/// (https://arxiv.org/abs/2507.20534): latent attention, and experts routed by sigmoid scores with a learned correction
/// bias, within groups. Checked against the class `DeepseekV3ForCausalLM`. DeepSeek V2 shares its GGUF form.
final class DeepseekV3 implements LatentFamily {
    @Override
    public List<String> modelTypes() {
        return List.of("deepseek_v3", "kimi_k2");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        LatentAttention attention = LatentConfig.DEEPSEEK.attention(config, new KeyChoice.All());
        return Standard.spec(config, 4096, false, Standard.epsilon(config, "rms_norm_eps", 1e-6), layer -> attention,
                LatentExperts.DEEPSEEK_V3.read(config));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new LatentGguf("deepseek2", "deepseek_v3"));
    }
}
