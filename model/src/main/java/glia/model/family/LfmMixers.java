package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Standard;
import glia.model.spec.Experts;
import glia.model.spec.GatedConvolution;
import glia.model.spec.NumberRange;
import glia.tensor.ops.expert.Router;

/// The mixers of LFM2 and LFM3.
final class LfmMixers {
    private LfmMixers() { }

    /// The first names of keys that have two.
    static Config renamed(Config config) {
        Config one = config.has("tie_embedding") ? config.with("tie_word_embeddings",
                config.values().get("tie_embedding")) : config;
        return one.has("block_ff_dim") ? one.with("intermediate_size", one.values().get("block_ff_dim")) : one;
    }

    static GatedConvolution convolution(Config config, int size) throws CheckpointException {
        return new GatedConvolution(config.positive("hidden_size"), config.positive("conv_L_cache", size),
                Standard.bias(config, "conv_bias", false));
    }

    /// Two thirds of the width times a factor, rounded up, unless `block_auto_adjust_ff_dim` is false.
    static int width(Config config) throws CheckpointException {
        int width = config.positive("intermediate_size", 12_288);
        if (!config.flag("block_auto_adjust_ff_dim", true)) {
            return width;
        }
        int adjusted = (int) (2.0 * width / 3);
        if (config.isNull("block_ffn_dim_multiplier")) {
            return adjusted;
        }
        double factor = Numbers.real(config, "block_ffn_dim_multiplier", NumberRange.FACTOR, 1);
        int multiple = config.positive("block_multiple_of", 256);
        long wide = (long) multiple * Math.ceilDiv((int) (factor * adjusted), multiple);
        if (wide < 1 || wide > Integer.MAX_VALUE) {
            throw config.error("block_ffn_dim_multiplier", "makes MLPs " + wide + " wide");
        }
        return (int) wide;
    }

    static Experts experts(Config config) throws CheckpointException {
        Router router = new Router(config.positive("num_experts_per_tok", 4), Router.Score.SIGMOID,
                config.flag("use_expert_bias", true) ? Router.Correction.LEARNED : Router.Correction.NONE,
                new Router.Groups.All(),
                config.flag("norm_topk_prob", true) ? Router.Share.NORMALIZED : Router.Share.AS_IS,
                Numbers.factor(config, "routed_scaling_factor"));
        return ExpertConfig.gated(config.without("hidden_act"), ExpertConfig.numExperts(config, 32),
                config.positive("moe_intermediate_size", 1792), router, new Experts.Shared.None());
    }
}
