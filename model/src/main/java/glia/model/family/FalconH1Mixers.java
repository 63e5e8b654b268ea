package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.config.StateSpaceConfig;
import glia.model.spec.Attention;
import glia.model.spec.Mixer;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.Parallel;
import glia.model.spec.StateSpaceDual.Gating;
import glia.model.spec.StateSpaceDual.Multipliers;
import glia.model.spec.StateSpaceDual;
import java.util.Arrays;
import java.util.List;

/// Reads the attention, the state space and the µP multipliers of Falcon-H1. The multipliers' default is 1.
final class FalconH1Mixers {
    private FalconH1Mixers() { }

    /// The parallel mixers of a layer.
    static Parallel parallel(Config config, float epsilon) throws CheckpointException {
        return new Parallel(List.of(branch(config, "ssm", mamba(config, epsilon)),
                branch(config, "attention", attention(config))));
    }

    private static StateSpaceDual mamba(Config config, float epsilon) throws CheckpointException {
        int inner = config.isNull("mamba_d_ssm")
                ? Math.multiplyExact(config.positive("mamba_expand", 2), config.positive("hidden_size"))
                : config.positive("mamba_d_ssm", 1024);
        Gating gating = !config.flag("mamba_rms_norm", false) ? new Gating.GateOnly()
                : config.flag("mamba_norm_before_gate", true) ? new Gating.NormThenGate(epsilon)
                : new Gating.GateThenNorm(epsilon);
        return StateSpaceConfig.dual(config, inner, gating, multipliers(config),
                Standard.bias(config, "projectors_bias", false));
    }

    /// The key multiplier is folded into the scale of scores.
    private static Attention attention(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        return AttentionConfig.causal(config, 8, headSize, RopeConfig.read(config, headSize, 10_000),
                Standard.bias(config, "attention_bias", false))
                .withScale(Numbers.factor(config, "key_multiplier") / Math.sqrt(headSize));
    }

    /// A list of factors under one key.
    static double[] factors(Config config, String key, int count) throws CheckpointException {
        double[] ones = new double[count];
        Arrays.fill(ones, 1);
        double[] values = config.has(key) ? Numbers.reals(config, key, NumberRange.FACTOR) : ones;
        if (values.length != count) {
            throw config.error(key, "found " + values.length + " factors, expected " + count);
        }
        return values;
    }

    /// A branch with factors of its input and output.
    private static Parallel.Branch branch(Config config, String name, Mixer mixer) throws CheckpointException {
        return new Parallel.Branch(Numbers.factor(config, name + "_in_multiplier"), new Norm.None(), mixer,
                new Norm.None(), Numbers.factor(config, name + "_out_multiplier"));
    }

    /// The multipliers of Mamba's input projection.
    private static Multipliers multipliers(Config config) throws CheckpointException {
        double[] m = factors(config, "ssm_multipliers", 5);
        return new Multipliers((float) m[0], (float) m[1], (float) m[2], (float) m[3], (float) m[4]);
    }
}
