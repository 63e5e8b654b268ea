package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.Mixer;
import glia.model.spec.Parameter;
import glia.model.spec.SelectiveStateSpace;
import glia.model.spec.StateSpaceDual;
import glia.tensor.kernel.DecayForm;
import glia.tensor.kernel.StepLimits;

/// What the families with state-space mixers share: how configs name their sizes, and what their tensors are called.
final class StateSpaces {
    private StateSpaces() { }

    /// The least and the largest time step, by default none.
    static StepLimits limits(Config config, String key) throws CheckpointException {
        if (!config.has(key)) {
            return StepLimits.NONE;
        }
        double[] limits = config.reals(key);
        if (limits.length != 2 || !(limits[0] >= 0 && limits[1] > limits[0])) {
            throw config.error(key, "found " + java.util.Arrays.toString(limits)
                    + ", expected the least and the largest time step");
        }
        return new StepLimits((float) limits[0], (float) limits[1]);
    }

    /// The rank of time steps: a number, or "auto" for D / 16, rounded up.
    static int stepRank(Config config, String key, int hidden) throws CheckpointException {
        boolean auto = !config.has(key) || config.isText(key) && config.text(key).equals("auto");
        return auto ? Math.ceilDiv(hidden, 16) : config.positive(key);
    }

    /// The number of groups, which divides that of heads.
    static int groups(Config config, String key, int otherwise, int heads) throws CheckpointException {
        int groups = config.positive(key, otherwise);
        if (heads % groups != 0) {
            throw config.error(key, groups + " do not divide the " + heads + " heads");
        }
        return groups;
    }

    /// The convolution before the scan, by default over four tokens, with SiLU and biases.
    static Convolution convolution(Config config, String sizeKey, String activationKey, String biasKey)
            throws CheckpointException {
        return new Convolution(config.positive(sizeKey, 4), Activations.read(config, activationKey, "silu"),
                Standard.bias(config, biasKey, true));
    }

    /// The mixer of Bamba and those after it, whose keys begin with `mamba_`.
    ///
    /// @param innerSize the channels that `mamba_n_heads` and `mamba_d_head` must give
    static StateSpaceDual dual(Config config, int innerSize, StateSpaceDual.Gating gating,
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

    /// Where a parameter of a state-space mixer lies; `prefix` ends with a dot.
    static Source source(String prefix, Mixer mixer, Parameter p) {
        return switch (mixer) {
            case SelectiveStateSpace s -> switch (p.role()) {
                case INPUT -> rows(prefix + "in_proj.weight", 0, s.innerSize(), 2 * s.innerSize());
                case INPUT_BIAS -> rows(prefix + "in_proj.bias", 0, s.innerSize(), 2 * s.innerSize());
                case GATE -> rows(prefix + "in_proj.weight", s.innerSize(), s.innerSize(), 2 * s.innerSize());
                case GATE_BIAS -> rows(prefix + "in_proj.bias", s.innerSize(), s.innerSize(), 2 * s.innerSize());
                case STEPS -> new Source.Stored(prefix + "dt_proj.weight");
                case STEPS_BIAS -> new Source.Stored(prefix + "dt_proj.bias");
                default -> new Source.Stored(prefix + name(p));
            };
            case StateSpaceDual d -> switch (p.role()) {
                case GATE, INPUT, STEPS -> projection(prefix + "in_proj.weight", d, p);
                case GATE_BIAS, INPUT_BIAS, STEPS_BIAS -> projection(prefix + "in_proj.bias", d, p);
                default -> new Source.Stored(prefix + name(p));
            };
            default -> throw Standard.unknown(p);
        };
    }

    static Source rows(String name, int from, int count, int total) {
        return new Source.Rows(new Source.Stored(name), from, count, total);
    }

    /// The rows of one part of the projection `[z|u B C|Δ]`.
    static Source projection(String name, StateSpaceDual d, Parameter p) {
        int inner = d.innerSize();
        int total = inner + d.convolvedSize() + d.numHeads();
        return switch (p.role()) {
            case GATE, GATE_BIAS -> rows(name, 0, inner, total);
            case INPUT, INPUT_BIAS -> rows(name, inner, d.convolvedSize(), total);
            case STEPS, STEPS_BIAS -> rows(name, inner + d.convolvedSize(), d.numHeads(), total);
            default -> throw Standard.unknown(p);
        };
    }

    private static String name(Parameter p) {
        return switch (p.role()) {
            case CONVOLUTION -> "conv1d.weight";
            case CONVOLUTION_BIAS -> "conv1d.bias";
            case SELECTION -> "x_proj.weight";
            case STEPS_NORM -> "dt_layernorm.weight";
            case WRITE_NORM -> "b_layernorm.weight";
            case READ_NORM -> "c_layernorm.weight";
            case STEPS_OFFSET -> "dt_bias";
            case DECAY -> "A_log";
            case SKIP -> "D";
            case GATED_NORM -> "norm.weight";
            case OUTPUT -> "out_proj.weight";
            case OUTPUT_BIAS -> "out_proj.bias";
            default -> throw Standard.unknown(p);
        };
    }
}
