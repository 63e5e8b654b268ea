package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.LayerPeriod;
import glia.model.family.config.Padding;
import glia.model.family.config.Standard;
import glia.model.family.config.StateSpaceConfig;
import glia.model.family.gguf.ExpertGguf;
import glia.model.layout.GgufForm;
import glia.model.family.gguf.GgufKey;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.gguf.StateSpaceGguf;
import glia.model.family.gguf.StateSpaceKeys;
import glia.model.family.hub.HybridNames;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.Experts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.Rope;
import glia.model.spec.SelectiveStateSpace;
import glia.tensor.kernel.DecayForm;
import java.util.List;
import java.util.Optional;

/// Jamba: Mamba with inner norms, attention without RoPE in every eighth layer, and experts in every other one
/// (https://arxiv.org/abs/2403.19887). Checked against the class `JambaForCausalLM`.
final class Jamba implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("jamba");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-6);
        int headSize = AttentionConfig.headSize(config, 0);
        Attention attention = AttentionConfig.causal(config, 8, headSize, new Rope.None(), Bias.NONE);
        SelectiveStateSpace mamba = mamba(config, new Norm.Rms(epsilon, 0));
        Mixer mlp = Standard.mlp(config, "intermediate_size", Bias.NONE);
        int numExperts = ExpertConfig.numExperts(config, 16);
        Mixer experts = numExperts == 1 ? mlp : ExpertConfig.gated(config, numExperts,
                config.positive("intermediate_size"), ExpertConfig.softmax(config, 2, false),
                new Experts.Shared.None());
        LayerPeriod attending = LayerPeriod.read(config, "attn_layer_period", 8, "attn_layer_offset", 4);
        LayerPeriod choosing = LayerPeriod.read(config, "expert_layer_period", 2, "expert_layer_offset", 1);
        return Standard.spec(Padding.orElse(config, 0), 262_144, false, epsilon,
                layer -> attending.has(layer) ? attention : mamba, layer -> choosing.has(layer) ? experts : mlp);
    }

    private static SelectiveStateSpace mamba(Config config, Norm inner) throws CheckpointException {
        int hidden = config.positive("hidden_size");
        Convolution convolution = StateSpaceConfig.convolution(config, "mamba_d_conv", "hidden_act", "mamba_conv_bias");
        return new SelectiveStateSpace(Math.multiplyExact(config.positive("mamba_expand", 2), hidden),
                config.positive("mamba_d_state", 16), StateSpaceConfig.stepRank(config, "mamba_dt_rank", hidden),
                convolution, inner, DecayForm.LOGARITHM, Standard.bias(config, "mamba_proj_bias", false));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return HybridNames.source(spec, p);
    }

    /// Layers with attention or experts are found by their tensors, which must have a constant period.
    @Override
    public Optional<GgufForm> gguf() {
        List<GgufKey> keys = GgufKey.join(StateSpaceKeys.selective("mamba_d_conv", "mamba_d_state", "mamba_dt_rank"),
                GgufKey.without(StateSpaceKeys.ATTENTION, "rope.freq_base", "rope.dimension_count"),
                List.of(StateSpaceKeys.WIDTH), ExpertGguf.KEYS);
        return Optional.of(StateSpaceGguf.of("jamba", StandardGguf.Rotation.HALF_SPLIT, keys, (config, checkpoint) ->
                StateSpaceGguf.attention(config, checkpoint)
                        .put("mamba_expand", config.quotient("ssm.inner_size", "embedding_length"))
                        .put("mamba_conv_bias", StateSpaceGguf.rows(config, checkpoint, "ssm_conv1d.bias") > 0)
                        .put("num_experts",
                                config.has("expert_count") ? Math.max(1, config.integer("expert_count")) : 1)
                        .spread(checkpoint, "attn_output.weight", "attn_layer_period", "attn_layer_offset")
                        .spread(checkpoint, "ffn_gate_inp.weight", "expert_layer_period", "expert_layer_offset"),
                "jamba"));
    }
}
