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
import glia.model.spec.Convolution;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.SelectiveStateSpace;
import glia.tensor.kernel.DecayForm;
import java.util.List;
import java.util.Optional;

/// Mamba (https://arxiv.org/abs/2312.00752): selective state spaces and nothing else. Falcon Mamba
/// (https://arxiv.org/abs/2410.05355) also normalizes the time steps, B and C, without weights. Checked against the
/// classes `MambaForCausalLM` and `FalconMambaForCausalLM`.
final class Mamba implements Family {
    private static final String NORMED = "falcon_mamba";
    private static final String EPSILON = "mixer_rms_eps";

    @Override
    public List<String> modelTypes() {
        return List.of("mamba", NORMED);
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int hidden = config.positive("hidden_size");
        Convolution convolution = StateSpaceConfig.convolution(config, "conv_kernel", "hidden_act", "use_conv_bias");
        int inner = config.has("intermediate_size") ? config.positive("intermediate_size")
                : Math.multiplyExact(config.positive("expand", 2), hidden);
        Norm norm = config.text("model_type").equals(NORMED)
                ? new Norm.UnitRms(Standard.epsilon(config, EPSILON, 1e-6)) : new Norm.None();
        return Backbone.spec(config, new SelectiveStateSpace(inner, config.positive("state_size", 16),
                StateSpaceConfig.stepRank(config, "time_step_rank", hidden), convolution, norm,
                DecayForm.LOGARITHM, Standard.bias(config, "use_bias", false)), true);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return Backbone.source(spec, p);
    }

    @Override
    public Optional<GgufForm> gguf() {
        List<GgufKey> keys = GgufKey.join(StateSpaceKeys.selective("conv_kernel", "state_size", "time_step_rank"),
                StateSpaceKeys.ALONE, List.of(StateSpaceKeys.normed(NORMED, EPSILON)));
        return Optional.of(StateSpaceGguf.of("mamba", StandardGguf.Rotation.HALF_SPLIT, keys, (config, checkpoint) ->
                config.put("expand", config.quotient("ssm.inner_size", "embedding_length"))
                        .put("use_conv_bias", StateSpaceGguf.rows(config, checkpoint, "ssm_conv1d.bias") > 0),
                "mamba"));
    }
}
