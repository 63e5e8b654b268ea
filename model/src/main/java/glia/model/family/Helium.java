package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.tensor.kernel.RopeTable.Layout;
import java.util.List;

/// Helium 1 (Kyutai, 2025): Llama's structure with RoPE of neighboring pairs. Checked against the class
/// `HeliumForCausalLM`.
final class Helium implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("helium");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 128);
        Attention attention = AttentionConfig.causal(config, 20, headSize,
                RopeConfig.read(config, headSize, 100_000).with(Layout.INTERLEAVED),
                config.flag("attention_bias", false) ? Bias.INPUTS : Bias.NONE);
        Mixer mlp = Standard.mlp(config, "intermediate_size", Standard.bias(config, "mlp_bias", false));
        return Standard.spec(Padding.orElse(config, 3), 4096, false,
                Standard.epsilon(config, "rms_norm_eps", 1e-8), layer -> attention, layer -> mlp);
    }
}
