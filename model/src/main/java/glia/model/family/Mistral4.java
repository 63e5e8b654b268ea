package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.LatentConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.gguf.Mistral4Gguf;
import glia.model.family.hub.LatentNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.KeyChoice;
import glia.model.spec.LatentAttention;
import glia.model.spec.ModelSpec;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.model.spec.Temperature;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Mistral Small 4 (2026): latent attention with a query temperature that grows with the logarithm of the position, and
/// stacked experts routed by softmax scores within groups, with a shared one. Checked against the class
/// `Mistral4ForCausalLM`.
final class Mistral4 implements Family {
    private static final String ROPE = "rope_parameters";
    private static final String LENGTH = "original_max_position_embeddings";
    /// The default of `rope_parameters`.
    private static final Map<String, ?> DEFAULTS = Map.of("rope_type", "yarn", "rope_theta", 1e4, "factor", 128.0,
            LENGTH, 8192, "mscale", 1.0, "mscale_all_dim", 1.0, "llama_4_scaling_beta", 0.1);

    @Override
    public List<String> modelTypes() {
        return List.of("mistral4");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Config named = config.orElse(ROPE, "rope_scaling");
        // The share of a head that is rotated; the size of the rotated part says the same.
        Config latent = (named.has(ROPE) ? named : named.with(ROPE, DEFAULTS)).without(ROPE, "partial_rotary_factor")
                .without("partial_rotary_factor").without("rope_scaling");
        Config rope = latent.child(ROPE);
        LatentAttention plain = new LatentConfig(1024, 64, 128).attention(
                latent.has("kv_lora_rank") ? latent : latent.with("kv_lora_rank", 256), new KeyChoice.All());
        LatentAttention attention = rope.has("llama_4_scaling_beta") ? plain.with(new Temperature.Logarithmic(
                Numbers.real(rope, "llama_4_scaling_beta", NumberRange.WEIGHT), rope.positive(LENGTH), 0)) : plain;
        LatentExperts experts = new LatentExperts(0, 128, 1, 2048, 1, 1, LatentExperts.Method.SOFTMAX_BEST_TWO, true,
                1);
        Config counted = config.has("num_experts_per_tok") ? config : config.with("num_experts_per_tok", 4);
        return Standard.spec(Padding.orElse(config, 11), 1 << 20, false, Standard.epsilon(config, "rms_norm_eps", 1e-6),
                layer -> attention, experts.read(counted));
    }

    /// New files have stacks, as the published ones.
    @Override
    public Source source(ModelSpec spec, Parameter p) {
        Source source = LatentNames.source(spec, p);
        return source instanceof Source.Either either ? new Source.Either(either.second(), either.first()) : source;
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new Mistral4Gguf());
    }
}
