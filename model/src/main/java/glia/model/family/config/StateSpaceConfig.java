package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.NumberRange;
import glia.model.spec.StateSpaceDual;
import glia.tensor.kernel.DecayForm;
import glia.tensor.kernel.StepLimits;

/// What configs say about state-space mixers.
public final class StateSpaceConfig {
    private StateSpaceConfig() { }

    /// The least and the largest time step, by default none.
    public static StepLimits limits(Config config, String key) throws CheckpointException {
        if (!config.has(key)) {
            return StepLimits.NONE;
        }
        double[] limits = config.reals(key);
        if (limits.length != 2 || !NumberRange.WEIGHT.holds(limits[0]) || !(limits[1] > limits[0])) {
            throw config.error(key, "found " + config.found(key) + ", expected the least and the largest time step");
        }
        return new StepLimits((float) limits[0], (float) limits[1]);
    }

    /// The rank of time steps: a number, or "auto" for D / 16, rounded up.
    public static int stepRank(Config config, String key, int hidden) throws CheckpointException {
        boolean auto = !config.has(key) || config.isText(key) && config.text(key).equals("auto");
        return auto ? Math.ceilDiv(hidden, 16) : config.positive(key);
    }

    /// The number of groups, which divides that of heads.
    public static int groups(Config config, String key, int otherwise, int heads) throws CheckpointException {
        int groups = config.positive(key, otherwise);
        if (heads % groups != 0) {
            throw config.error(key, groups + " do not divide the " + heads + " heads");
        }
        return groups;
    }

    /// The convolution before the scan, by default over four tokens, with SiLU and biases.
    public static Convolution convolution(Config config, String sizeKey, String activationKey, String biasKey)
            throws CheckpointException {
        return new Convolution(config.positive(sizeKey, 4), Activations.read(config, activationKey, "silu"),
                Standard.bias(config, biasKey, true));
    }

    /// The mixer of Bamba and those after it, whose keys begin with `mamba_`.
    ///
    /// @param innerSize the channels that `mamba_n_heads` and `mamba_d_head` must give
    public static StateSpaceDual dual(Config config, int innerSize, StateSpaceDual.Gating gating,
            StateSpaceDual.Multipliers multipliers, Bias outputBias) throws CheckpointException {
        int heads = config.positive("mamba_n_heads", 128);
        boolean auto = !config.has("mamba_d_head")
                || config.isText("mamba_d_head") && config.text("mamba_d_head").equals("auto");
        int headSize = auto ? innerSize / heads : config.positive("mamba_d_head");
        if ((long) heads * headSize != innerSize) {
            throw config.error("mamba_n_heads", heads + " heads of " + headSize + " are not the " + innerSize
                    + " channels inside");
        }
        return new StateSpaceDual(heads, headSize, config.positive("mamba_d_state", 256),
                groups(config, "mamba_n_groups", 1, heads),
                convolution(config, "mamba_d_conv", "hidden_act", "mamba_conv_bias"),
                limits(config, "time_step_limit"), gating, multipliers, DecayForm.LOGARITHM,
                Standard.bias(config, "mamba_proj_bias", false), outputBias);
    }
}
