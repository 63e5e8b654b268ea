package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.DifferentialAttention;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import java.util.List;

/// DiffLlama (https://arxiv.org/abs/2410.05258): Llama's structure with differential attention. Checked against the
/// class `DiffLlamaForCausalLM`.
final class DiffLlama implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("diffllama");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-5);
        Attention attention = AttentionConfig.causal(config, headSize, RopeConfig.read(config, headSize, 10_000),
                Standard.bias(config, "attention_bias", false));
        Mixer mlp = Standard.mlp(config, "intermediate_size", Bias.NONE);
        return Standard.spec(config, 2048, false, epsilon,
                layer -> new DifferentialAttention(attention, firstLambda(layer), epsilon), layer -> mlp);
    }

    /// The value that a layer's λ begins near, `0.8 - 0.6 · exp(-0.3 · layer)`.
    private static float firstLambda(int layer) {
        return (float) (0.8 - 0.6 * Math.exp(-0.3 * layer));
    }
}
