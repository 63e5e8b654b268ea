package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.CompressedExperts;
import glia.model.spec.Convolution;
import glia.model.spec.Experts;
import glia.model.spec.Head;
import glia.model.spec.Mixer;
import glia.model.spec.Mlp;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Rope;
import glia.model.spec.StateSpaceDual;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.DecayForm;
import glia.tensor.ops.ExpertMlp.Weighting;
import glia.tensor.ops.MlpForm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Nemotron-H and Nemotron 3: one mixer a layer, Mamba 2, attention without rotation, an MLP or experts without gates
/// (https://arxiv.org/abs/2504.03624). Checked against the class `NemotronHForCausalLM`, but for time steps, which are
/// clamped to `time_step_limit` as NVIDIA's own code has it. Layers that foresee a second token are left aside.
public final class NemotronH implements Family {
    public NemotronH() { }

    @Override
    public List<String> modelTypes() {
        return List.of("nemotron_h");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        StateSpaceDual mamba = mamba(config);
        Attention attention = attention(config);
        Bias bias = Standard.bias(config, "mlp_bias", false);
        Activation activation = Activations.read(config, "mlp_hidden_act", "relu2");
        List<Mixer> mixers = new ArrayList<>();
        for (LayerKind kind : kinds(config)) {
            mixers.add(switch (kind) {
                case STATE_SPACE -> mamba;
                case ATTENTION -> attention;
                case MLP -> new Mlp(config.positive("intermediate_size", 21_504), activation, bias);
                case EXPERTS -> experts(config, activation, bias);
            });
        }
        return Backbone.spec(config, mixers, 4096, Head.SEPARATE);
    }

    private static List<LayerKind> kinds(Config config) throws CheckpointException {
        if (config.has("hybrid_override_pattern") && !config.has("layers_block_type")) {
            return LayerKind.letters(config, "hybrid_override_pattern");
        }
        String key = config.has("layer_types") && !config.has("layers_block_type") ? "layer_types"
                : "layers_block_type";
        return config.has(key) ? LayerKind.read(config, key)
                : List.of(LayerKind.STATE_SPACE, LayerKind.EXPERTS, LayerKind.ATTENTION, LayerKind.MLP);
    }

    /// The name of a key of the state space, which may be an older one.
    private static String key(Config config, String name, String older) {
        return config.has(older) ? older : name;
    }

    private static StateSpaceDual mamba(Config config) throws CheckpointException {
        Convolution convolution = new Convolution(config.positive(key(config, "conv_kernel", "mamba_d_conv"), 4),
                Activations.read(config, "mamba_hidden_act", "silu"),
                Standard.bias(config, key(config, "use_conv_bias", "mamba_conv_bias"), true));
        int heads = config.positive("mamba_num_heads", 128);
        String groupsKey = key(config, "n_groups", "mamba_n_groups");
        int groups = config.positive(groupsKey, 8);
        if (heads % groups != 0) {
            throw config.error(groupsKey, groups + " do not divide the " + heads + " heads");
        }
        Bias bias = Standard.bias(config, "use_bias", false);
        return new StateSpaceDual(heads, config.positive("mamba_head_dim", 64),
                config.positive("ssm_state_size", 128), groups, convolution,
                StateSpaces.limits(config, key(config, "time_step_limit", "mamba_dt_limit")),
                new StateSpaceDual.Gating.GateThenNorm(Standard.epsilon(config, "layer_norm_epsilon", 1e-5)),
                StateSpaceDual.Multipliers.NONE, DecayForm.LOGARITHM, bias, bias);
    }

    private static Attention attention(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 128);
        return AttentionConfig.causal(config, 8, headSize, new Rope.None(), Bias.NONE)
                .with(AttentionConfig.span(config));
    }

    private static Mixer experts(Config config, Activation activation, Bias bias) throws CheckpointException {
        try {
            Experts experts = new Experts(ExpertConfig.numExperts(config, 8),
                    config.positive("moe_intermediate_size", 7688),
                    new MlpForm.Plain(activation), Bias.NONE, ExpertConfig.corrected(config, 2, 1, 1, 1),
                    Weighting.OUTPUT,
                    new Experts.Shared.Plain(config.positive("moe_shared_expert_intermediate_size", 7688), bias));
            return config.has("moe_latent_size")
                    ? new CompressedExperts(experts, config.positive("moe_latent_size"), bias) : experts;
        } catch (IllegalArgumentException e) {
            throw config.error("num_experts_per_tok", e.getMessage());
        }
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Backbone.source(spec, p);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return tensorName.startsWith("mtp.");
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(StateSpaceGguf.of("nemotron_h", StandardGguf.Rotation.HALF_SPLIT, NemotronGguf.KEYS,
                NemotronGguf::more, "nemotron_h", "nemotron_h_moe"));
    }
}
