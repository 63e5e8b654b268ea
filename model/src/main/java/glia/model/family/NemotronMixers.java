package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.Standard;
import glia.model.family.config.StateSpaceConfig;
import glia.model.spec.Bias;
import glia.model.spec.CompressedExperts;
import glia.model.spec.Experts;
import glia.model.spec.Mixer;
import glia.model.spec.StateSpaceDual;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.DecayForm;
import glia.tensor.ops.expert.ExpertMlp.Weighting;
import glia.tensor.ops.expert.MlpForm;

/// Reads the state spaces and the experts of Nemotron-H.
final class NemotronMixers {
    private NemotronMixers() { }

    static StateSpaceDual mamba(Config config) throws CheckpointException {
        int heads = config.positive("mamba_num_heads", 128);
        Bias bias = Standard.bias(config, "use_bias", false);
        return new StateSpaceDual(heads, config.positive("mamba_head_dim", 64),
                config.positive("ssm_state_size", 128),
                StateSpaceConfig.groups(config, key(config, "n_groups", "mamba_n_groups"), 8, heads),
                StateSpaceConfig.convolution(config, key(config, "conv_kernel", "mamba_d_conv"), "mamba_hidden_act",
                        key(config, "use_conv_bias", "mamba_conv_bias")),
                StateSpaceConfig.limits(config, key(config, "time_step_limit", "mamba_dt_limit")),
                new StateSpaceDual.Gating.GateThenNorm(Standard.epsilon(config, "layer_norm_epsilon", 1e-5)),
                StateSpaceDual.Multipliers.NONE, DecayForm.LOGARITHM, bias, bias);
    }

    static Mixer experts(Config config, Activation activation, Bias bias) throws CheckpointException {
        Experts experts = ExpertConfig.of(config, ExpertConfig.numExperts(config, 8),
                config.positive("moe_intermediate_size", 7688), new MlpForm.Plain(activation), Bias.NONE,
                ExpertConfig.corrected(config, 2, 1, 1, 1), Weighting.OUTPUT,
                new Experts.Shared.Plain(config.positive("moe_shared_expert_intermediate_size", 7688), bias));
        return config.has("moe_latent_size")
                ? new CompressedExperts(experts, config.positive("moe_latent_size"), bias) : experts;
    }

    /// The key of a state-space setting, or its older name.
    private static String key(Config config, String name, String older) {
        return config.has(older) ? older : name;
    }
}
