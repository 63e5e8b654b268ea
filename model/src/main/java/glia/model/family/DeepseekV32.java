package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.LatentConfig;
import glia.model.family.config.Standard;
import glia.model.layout.GgufForm;
import glia.model.family.gguf.LatentGguf;
import glia.model.spec.LatentAttention;
import glia.model.spec.ModelSpec;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.List;
import java.util.Optional;

/// DeepSeek V3.2 (https://arxiv.org/abs/2512.02556): V3 with sparse attention to the keys that a lightning indexer
/// selects. The indexer's RoPE is half-split, that of the attention interleaved. Checked against the class
/// `DeepseekV32ForCausalLM`.
final class DeepseekV32 implements LatentFamily {
    @Override
    public List<String> modelTypes() {
        return List.of("deepseek_v32");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        LatentAttention attention = LatentConfig.DEEPSEEK.attention(config,
                LatentConfig.indexed(config, 64, Layout.HALF_SPLIT));
        return Standard.spec(config, 163_840, false, Standard.epsilon(config, "rms_norm_eps", 1e-6),
                layer -> attention, LatentExperts.DEEPSEEK_V3.read(config));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new LatentGguf("deepseek32", "deepseek_v32"));
    }
}
