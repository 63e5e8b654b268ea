package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.config.StateSpaceConfig;
import glia.model.family.hub.HybridNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.StateSpaceDual;
import java.util.List;
import java.util.Optional;

/// Bamba: Mamba 2, attention with RoPE on half of each head in a few layers, and gated MLPs
/// (https://huggingface.co/blog/bamba). Checked against the class `BambaForCausalLM`.
final class Bamba implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("bamba");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-5);
        int headSize = AttentionConfig.headSize(config, 0);
        Attention attention = AttentionConfig.causal(config, 8, headSize,
                RopeConfig.read(config, headSize, 10_000, 0.5), Standard.bias(config, "attention_bias", false));
        int inner = Math.multiplyExact(config.positive("mamba_expand", 2), config.positive("hidden_size"));
        StateSpaceDual mamba = StateSpaceConfig.dual(config, inner, new StateSpaceDual.Gating.GateThenNorm(epsilon),
                StateSpaceDual.Multipliers.NONE, Standard.bias(config, "mamba_proj_bias", false));
        LayerTypes.Rule attending = LayerTypes.listed(config, "attn_layer_indices");
        Mixer mlp = Standard.mlp(config, "intermediate_size", Standard.bias(config, "mlp_bias", false));
        return Standard.spec(Padding.orElse(config, 0), 262_144, false, epsilon,
                layer -> attending.holds(layer) ? attention : mamba, layer -> mlp);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return HybridNames.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return new GraniteMoeHybrid().gguf();
    }
}
