package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.spec.Bias;
import glia.model.spec.Experts;
import glia.model.spec.Mixer.NormedExperts;
import glia.model.spec.Mixer;
import glia.model.spec.Norm;
import glia.model.spec.NormedAttention.Values;
import glia.model.spec.NormedAttention;
import glia.model.spec.Rope;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Span;
import glia.tensor.ops.expert.ExpertMlp.Weighting;
import glia.tensor.ops.expert.MlpForm;
import glia.tensor.ops.expert.Router;
import java.util.Map;

/// Reads the attention and the experts of Gemma 4. Full layers have larger heads than sliding-window ones, and their
/// values may be their keys.
final class Gemma4Mixers {
    private Gemma4Mixers() { }

    /// The attention of one layer; `per_layer_config` may override its sizes.
    static NormedAttention attention(Config config, int layer, boolean slides, float eps) throws CheckpointException {
        Config own = config.child("per_layer_config", Map.of()).child("" + layer, Map.of());
        boolean keysAreValues = !slides && config.flag("attention_k_eq_v", false);
        // Where the sizes are given layer by layer, or explicitly not, full layers have no others.
        boolean ownSizes = config.mentions("per_layer_config") && !config.mentions("global_head_dim")
                || config.isNull("global_head_dim");
        int headSize = slides || ownSizes
                ? config.positive("head_dim", 256) : config.positive("global_head_dim", 512);
        int kvHeads = config.positive("num_key_value_heads", 4);
        if (keysAreValues && config.has("num_global_key_value_heads")) {
            kvHeads = config.positive("num_global_key_value_heads");
        }
        headSize = own.positive("head_dim", headSize);
        int window = config.positive("sliding_window", 512);
        boolean ahead = config.text("use_bidirectional_attention", "vision").equals("all");
        Span span = ahead ? slides ? new Span.BidirectionalWindow(window / 2 + 1) : new Span.Bidirectional()
                : slides ? new Span.Sliding(window) : new Span.Causal();
        return new NormedAttention(config.positive("num_attention_heads"), own.positive("num_key_value_heads", kvHeads),
                headSize, rope(config, headSize, slides), span, eps,
                Standard.bias(config, "attention_bias", false),
                keysAreValues ? Values.KEYS : Values.PROJECTION);
    }

    private static Rope rope(Config config, int headSize, boolean slides) throws CheckpointException {
        Map<String, ?> otherwise = slides ? Map.of()
                : Map.of("rope_type", "proportional", "partial_rotary_factor", 0.25);
        Config parameters = RopeConfig.ofKind(config, slides).orElse(Config.of(config.origin(), otherwise));
        return RopeConfig.read(config, parameters, headSize, slides ? 10_000 : 1_000_000);
    }

    static Mixer experts(Config config, Activation activation, Norm.Rms norm) throws CheckpointException {
        Router router = Router.plain(config.positive("top_k_experts"), Router.Score.SOFTMAX, Router.Share.NORMALIZED);
        return new NormedExperts(new Experts(config.positive("num_experts"), config.positive("moe_intermediate_size"),
                new MlpForm.Gated(activation), Bias.NONE, router, Weighting.OUTPUT, new Experts.Shared.None()), norm);
    }
}
