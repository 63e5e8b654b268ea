package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ApertusGguf;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Mixer.Mlp;
import glia.model.spec.Mixer.XieluMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Role;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Apertus (https://arxiv.org/abs/2509.14233): Llama's attention with normed heads, and an MLP without a gate whose
/// activation xIELU has learned slopes. Checked against the class `ApertusForCausalLM`.
final class Apertus implements Family {
    /// The default of `rope_parameters`.
    private static final Map<String, ?> ROPE = Map.of("rope_type", "llama3", "rope_theta", 12e6, "factor", 8.0,
            "original_max_position_embeddings", 8192, "low_freq_factor", 1.0, "high_freq_factor", 4.0);

    @Override
    public List<String> modelTypes() {
        return List.of("apertus");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        Config rotated = config.has("rope_parameters") || config.has("rope_scaling") ? config
                : config.with("rope_parameters", ROPE);
        int headSize = AttentionConfig.headSize(config, 0);
        Norm.Rms norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-5), 0);
        Attention attention = AttentionConfig.causal(config, headSize, RopeConfig.read(rotated, headSize, 12e6),
                Standard.bias(config, "attention_bias", false)).with(new QkNorm.Heads(norm));
        int width = config.positive("intermediate_size");
        Mixer mlp = config.text("hidden_act", "xielu").equals("xielu") ? new XieluMlp(width)
                : new Mlp(width, Activations.read(config, "hidden_act", "xielu"), Bias.NONE);
        return Standard.spec(Padding.orElse(config, 3), 65_536, false, norm.eps(), layer -> attention, layer -> mlp);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        String layer = p.sublayer() < 0 ? "" : "model.layers." + spec.sublayer(p).layer() + ".mlp.act_fn.";
        return switch (p.role()) {
            case POSITIVE_SLOPE -> new Source.Stored(layer + "alpha_p");
            case NEGATIVE_SLOPE -> new Source.Stored(layer + "alpha_n");
            // Numbers without a dimension.
            case COMMON_SLOPE, SLOPE_LIMIT -> new Source.Shaped(
                    new Source.Stored(layer + (p.role() == Role.COMMON_SLOPE ? "beta" : "eps")), List.of(1L),
                    List.of());
            default -> StandardNames.source(spec, p, "input_layernorm", "attention_layernorm",
                    "post_attention_layernorm", "feedforward_layernorm");
        };
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ApertusGguf());
    }
}
