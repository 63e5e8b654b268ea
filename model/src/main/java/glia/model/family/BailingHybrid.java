package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.LatentConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.family.config.Synonyms;
import glia.model.family.gguf.KimiGguf;
import glia.model.family.gguf.LatentGguf;
import glia.model.family.hub.DeltaNames;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.KeyChoice;
import glia.model.spec.KimiDelta;
import glia.model.spec.LatentAttention;
import glia.model.spec.ModelSpec;
import glia.model.spec.NumberRange;
import glia.model.spec.Parameter;
import glia.tensor.kernel.DecayForm;
import java.util.List;
import java.util.Optional;

/// Ling and Ring with hybrid attention: Kimi delta attention with bounded decays, latent attention with a gate for each
/// head in every `layer_group_size`-th layer, and DeepSeek's experts. Checked against the class
/// `BailingHybridForCausalLM`.
final class BailingHybrid implements Family {
    private static final LatentConfig SIZES = new LatentConfig(0, 128, 128);
    private static final LatentExperts EXPERTS =
            new LatentExperts(2, 512, 1, 768, 8, 4, LatentExperts.Method.NOAUX_TC, true, 2.5);

    @Override
    public List<String> modelTypes() {
        return List.of("bailing_hybrid");
    }

    @Override
    public ModelSpec spec(Config given) throws CheckpointException {
        Config config = Synonyms.orElse(KimiLinear.renamed(given), "rope_theta", 6e6);
        float eps = Standard.epsilon(config, "rms_norm_eps", 1e-6);
        LatentAttention full = SIZES.attention(config, new KeyChoice.All()).with(LatentAttention.Gating.BY_HEAD);
        int heads = config.positive("linear_num_heads", config.positive("num_attention_heads"));
        int size = config.positive("linear_head_dim", config.positive("head_dim", 128));
        KimiDelta delta = new KimiDelta(heads, size, KimiLinear.convolution(config, config.positive(
                "linear_conv_kernel_dim", config.positive("short_conv_kernel_size", 4))), eps, KimiDelta.Gates.FULL,
                decay(config));
        int group = config.positive("layer_group_size", 6);
        boolean[] linear = LayerTypes.linear(config, layer -> (layer + 1) % group != 0);
        return Standard.spec(config, 262_144, false, eps, layer -> linear[layer] ? delta : full,
                EXPERTS.read(config));
    }

    private static KimiDelta.Decay decay(Config config) throws CheckpointException {
        double lowest = Numbers.real(config, "kda_lower_bound", NumberRange.LOG_DECAY, -5);
        return config.flag("kda_safe_gate", true) ? new KimiDelta.Decay.Bounded((float) lowest, DecayForm.LOGARITHM)
                : new KimiDelta.Decay.Free(DecayForm.LOGARITHM);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return DeltaNames.kimi(spec, p).renamed(name -> List.of(name.replace("self_attn.o_proj", "attention.dense")
                .replace("self_attn.", "attention.").replace("embed_tokens", "word_embeddings")
                .replace("e_score_correction_bias", "expert_bias")));
    }

    /// Multi-token-prediction layers.
    @Override
    public boolean ignores(ModelSpec spec, String name) {
        return StandardNames.isBeyondLayers(spec, name);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new KimiGguf(new LatentGguf("bailingmoe3", "bailing_hybrid"), DecayForm.POSITIVE));
    }
}
