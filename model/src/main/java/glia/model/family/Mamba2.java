package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Standard;
import glia.model.family.config.StateSpaceConfig;
import glia.model.layout.GgufForm;
import glia.model.family.gguf.GgufKey;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.gguf.StateSpaceGguf;
import glia.model.family.gguf.StateSpaceKeys;
import glia.model.layout.Source;
import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.StateSpaceDual.Gating;
import glia.model.spec.StateSpaceDual.Multipliers;
import glia.model.spec.StateSpaceDual;
import glia.tensor.kernel.DecayForm;
import java.util.List;
import java.util.Optional;

/// Mamba 2 (https://arxiv.org/abs/2405.21060). Checked against the class `Mamba2ForCausalLM`, whose norm takes each
/// group of channels by itself.
final class Mamba2 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("mamba2");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int heads = config.positive("num_heads", 128);
        int headSize = config.positive("head_dim", 64);
        long inner = (long) config.positive("expand", 2) * config.positive("hidden_size");
        if ((long) heads * headSize != inner) {
            throw config.error("num_heads", heads + " heads of " + headSize + " are not the " + inner
                    + " channels of expand times hidden_size");
        }
        int groups = StateSpaceConfig.groups(config, "n_groups", 8, heads);
        if (!config.flag("rms_norm", true)) {
            throw config.error("rms_norm", "Mamba 2 without the norm before its output is not supported");
        }
        Convolution convolution = StateSpaceConfig.convolution(config, "conv_kernel", "hidden_act", "use_conv_bias");
        Bias bias = Standard.bias(config, "use_bias", false);
        return Backbone.spec(config, new StateSpaceDual(heads, headSize, config.positive("state_size", 128), groups,
                convolution, StateSpaceConfig.limits(config, "time_step_limit"),
                new Gating.GateThenNorm(Standard.epsilon(config, "layer_norm_epsilon", 1e-5)), Multipliers.NONE,
                DecayForm.LOGARITHM, bias, bias), false);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Backbone.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(StateSpaceGguf.of("mamba2", StandardGguf.Rotation.HALF_SPLIT,
                GgufKey.join(StateSpaceKeys.DUAL, StateSpaceKeys.ALONE), (keys, checkpoint) ->
                StateSpaceGguf.dual(keys, checkpoint)
                        .rename("mamba_d_conv", "conv_kernel").rename("mamba_d_state", "state_size")
                        .rename("mamba_n_groups", "n_groups").rename("mamba_n_heads", "num_heads")
                        .rename("mamba_d_head", "head_dim").rename("mamba_conv_bias", "use_conv_bias")
                        .put("expand", keys.quotient("ssm.inner_size", "embedding_length")), "mamba2"));
    }
}
