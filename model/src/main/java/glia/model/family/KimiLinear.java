package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.LatentConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.family.config.Synonyms;
import glia.model.family.gguf.KimiGguf;
import glia.model.family.gguf.LatentGguf;
import glia.model.family.hub.DeltaNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.KeyChoice;
import glia.model.spec.KimiDelta;
import glia.model.spec.LatentAttention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.tensor.kernel.DecayForm;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Kimi Linear (https://arxiv.org/abs/2510.26692): three layers of Kimi delta attention to one of latent attention
/// without RoPE, and DeepSeek's experts. Checked against the class `KimiLinearForCausalLM`.
final class KimiLinear implements Family {
    private static final LatentConfig SIZES = new LatentConfig(0, 128, 128);
    private static final LatentExperts EXPERTS =
            new LatentExperts(1, 256, 1, 1024, 1, 1, LatentExperts.Method.NOAUX_TC, true, 2.446);

    @Override
    public List<String> modelTypes() {
        return List.of("kimi_linear");
    }

    @Override
    public ModelSpec spec(Config given) throws CheckpointException {
        Config config = renamed(given);
        float eps = Standard.epsilon(config, "rms_norm_eps", 1e-5);
        Config own = config.child("linear_attn_config", Map.of());
        LatentAttention full = SIZES.unrotated(config, new KeyChoice.All(),
                Numbers.count(config, "qk_rope_head_dim", 64), LatentAttention.EPS);
        KimiDelta delta = new KimiDelta(own.positive("num_heads", config.positive("linear_num_heads", 32)),
                own.positive("head_dim", config.positive("linear_head_dim", 128)),
                convolution(config, own.positive("short_conv_kernel_size",
                        config.positive("linear_conv_kernel_dim", 4))),
                eps, KimiDelta.Gates.LOW_RANK, new KimiDelta.Decay.Free(DecayForm.LOGARITHM));
        boolean[] linear = LayerTypes.linear(config, rule(own, Numbers.layers(config, "num_hidden_layers")));
        return Standard.spec(config, 1_048_576, false, eps, layer -> linear[layer] ? delta : full,
                EXPERTS.read(config));
    }

    static Convolution convolution(Config config, int size) throws CheckpointException {
        return new Convolution(size, Activations.read(config, "hidden_act", "silu"), Bias.NONE);
    }

    /// The first names of keys that have two.
    static Config renamed(Config config) {
        return Synonyms.read(config, "max_position_embeddings", "model_max_length", "norm_topk_prob",
                "moe_renormalize", "n_group", "num_expert_group", "num_experts_per_tok", "num_experts_per_token",
                "n_shared_experts", "num_shared_experts");
    }

    /// The layers that the published config lists, counted from 1; by default all but every fourth.
    private static LayerTypes.Rule rule(Config own, int numLayers) throws CheckpointException {
        if (!own.has("full_attn_layers") || !own.has("kda_layers")) {
            return layer -> layer == 0 || layer % 4 != 0;
        }
        LayerTypes.Rule full = LayerTypes.listed(own, "full_attn_layers");
        LayerTypes.Rule linear = LayerTypes.listed(own, "kda_layers");
        for (int layer = 1; layer <= numLayers; layer++) {
            if (full.holds(layer) == linear.holds(layer)) {
                throw own.error("kda_layers", "layer " + layer + " (counted from 1) must be in one of full_attn_layers"
                        + " and kda_layers");
            }
        }
        return layer -> linear.holds(layer + 1);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return DeltaNames.kimiLinear(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new KimiGguf(new LatentGguf("kimi-linear", "kimi_linear"), DecayForm.RATE));
    }
}
