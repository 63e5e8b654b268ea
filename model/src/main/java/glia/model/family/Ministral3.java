package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.layout.GgufForm;
import glia.model.family.gguf.Ministral3Gguf;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.ModelSpec;
import glia.model.spec.NumberRange;
import glia.model.spec.Rope;
import glia.model.spec.Temperature;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Ministral 3: Llama's structure with YaRN and a query temperature that grows with the logarithm of the position.
/// Checked against the class `Ministral3ForCausalLM`.
final class Ministral3 implements Family {
    private static final String LENGTH = "original_max_position_embeddings";
    /// The defaults of `rope_parameters`.
    private static final Map<String, ?> ROPE = Map.of("rope_type", "yarn", "rope_theta", 1e6, "factor", 16.0,
            LENGTH, 16_384, "mscale", 1.0, "mscale_all_dim", 1.0, "llama_4_scaling_beta", 0.1);

    @Override
    public List<String> modelTypes() {
        return List.of("ministral3");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, config.mentions("head_dim") ? 0 : 128);
        Config parameters = config.has("rope_parameters") ? config.child("rope_parameters")
                : config.has("rope_scaling") ? config.child("rope_scaling") : Config.of(config.origin(), ROPE);
        Rope rope = RopeConfig.read(config, parameters, headSize,
                Numbers.real(config, "rope_theta", NumberRange.ROPE_THETA, 1e6));
        Temperature temperature = parameters.has("llama_4_scaling_beta")
                ? new Temperature.Logarithmic(
                        Numbers.real(parameters, "llama_4_scaling_beta", NumberRange.WEIGHT),
                        parameters.positive(LENGTH), 0)
                : new Temperature.Constant();
        Attention attention = AttentionConfig.causal(config, 8, headSize, rope, Bias.NONE)
                .with(AttentionConfig.span(config)).with(temperature);
        return Standard.spec(Padding.orElse(config, 11), 262_144, false, Bias.NONE, layer -> attention);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new Ministral3Gguf());
    }
}
