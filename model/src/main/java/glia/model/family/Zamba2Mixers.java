package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.Activations;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.config.StateSpaceConfig;
import glia.model.family.config.Synonyms;
import glia.model.spec.Bias;
import glia.model.spec.Convolution;
import glia.model.spec.NumberRange;
import glia.model.spec.Place;
import glia.model.spec.Rope;
import glia.model.spec.SharedTransformer;
import glia.model.spec.StateSpaceDual;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.DecayForm;
import glia.tensor.kernel.StepLimits;
import java.util.Arrays;
import java.util.List;

/// The mixers and the order of layers of Zamba2.
final class Zamba2Mixers {
    static final String MAMBA = "linear_attention";
    private static final String HYBRID = "hybrid";
    /// Epsilon of the gated norm, whatever the config has.
    private static final float GATED_EPS = 1e-5f;

    private Zamba2Mixers() { }

    static String[] kinds(Config config) throws CheckpointException {
        Config renamed = Synonyms.read(config, "layer_types", "layers_block_type");
        if (renamed.has("layer_types")) {
            String[] kinds = renamed.strings("layer_types");
            renamed = renamed.with("layer_types", Arrays.stream(kinds).map(k -> k.equals("mamba") ? MAMBA : k)
                    .toList());
        }
        return LayerTypes.kinds(renamed, List.of(MAMBA, HYBRID), layer -> layer > 0 && layer % 6 == 0 && layer <= 42
                || layer == 47 || layer == 51 ? HYBRID : MAMBA);
    }

    static SharedTransformer block(Config config, int hidden, Place first, int use)
            throws CheckpointException {
        int heads = config.positive("num_attention_heads", 32);
        int keyValueHeads = AttentionConfig.numKeyValueHeads(config, heads);
        if (2L * hidden % heads != 0) {
            throw config.error("num_attention_heads", heads + " heads do not divide twice the hidden size " + hidden);
        }
        int headSize = 2 * hidden / heads;
        boolean adapts = config.flag("use_shared_attention_adapter", false);
        if (adapts && keyValueHeads != heads) {
            throw config.error("use_shared_attention_adapter", "needs as many key-value heads as heads");
        }
        Rope rope = config.flag("use_mem_rope", false) ? RopeConfig.read(config, headSize, 10_000) : new Rope.None();
        int width = config.has("intermediate_size") ? config.positive("intermediate_size")
                : Math.multiplyExact(4, hidden);
        return new SharedTransformer(heads, keyValueHeads, headSize, (float) Math.sqrt(2.0 / headSize), rope, width,
                Activations.read(config, "hidden_act", "gelu"), Standard.epsilon(config, "rms_norm_eps", 1e-5),
                config.positive("adapter_rank", 128), adapts, Standard.bias(config, "add_bias_linear", false), first,
                use);
    }

    static StateSpaceDual mamba(Config config, int hidden) throws CheckpointException {
        int heads = config.positive("n_mamba_heads", 8);
        int inner = Math.multiplyExact(config.positive("mamba_expand", 2), hidden);
        if (inner % heads != 0) {
            throw config.error("n_mamba_heads", heads + " heads do not divide the " + inner + " channels inside");
        }
        double shortest = Numbers.real(config, "time_step_min", NumberRange.WEIGHT, 0.001);
        return new StateSpaceDual(heads, inner / heads, config.positive("mamba_d_state", 64),
                StateSpaceConfig.groups(config, "mamba_ngroups", 1, heads),
                new Convolution(config.positive("mamba_d_conv", 4), Activation.SILU, Bias.ALL),
                new StepLimits((float) shortest, Float.POSITIVE_INFINITY),
                new StateSpaceDual.Gating.GateThenNorm(GATED_EPS), StateSpaceDual.Multipliers.NONE,
                DecayForm.LOGARITHM, Standard.bias(config, "add_bias_linear", false),
                Standard.bias(config, "add_bias_linear", false));
    }
}
