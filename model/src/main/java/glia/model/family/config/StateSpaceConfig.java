package glia.model.family.config;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.NumberRange;
import glia.model.spec.StateSpaceDual;
import glia.tensor.kernel.DecayForm;
import glia.tensor.kernel.StepLimits;

/// Reads state-space mixers from configs.
public final class StateSpaceConfig {
    private StateSpaceConfig() { }

    /// The range of time steps; by default unlimited.
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

    /// The rank of the time-step projection: a number, or "auto" for ⌈D / 16⌉.
    public static int stepRank(Config config, String key, int hidden) throws CheckpointException {
        boolean auto = !config.has(key) || config.isText(key) && config.text(key).equals("auto");
        return auto ? Math.ceilDiv(hidden, 16) : config.positive(key);
    }

    /// The number of groups, a divisor of the number of heads.
    public static int groups(Config config, String key, int otherwise, int heads) throws CheckpointException {
        int groups = config.positive(key, otherwise);
        if (heads % groups != 0) {
            throw config.error(key, groups + " do not divide the " + heads + " heads");
        }
        return groups;
    }

    /// The convolution before the scan; by default kernel size 4, SiLU and biases.
    public static Convolution convolution(Config config, String sizeKey, String activationKey, String biasKey)
            throws CheckpointException {
        return new Convolution(config.positive(sizeKey, 4), Activations.read(config, activationKey, "silu"),
                Standard.bias(config, biasKey, true));
    }

    /// The Mamba 2 mixer of configs with `mamba_` keys.
    ///
    /// @param innerSize the product of `mamba_n_heads` and `mamba_d_head`
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
