package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.ExpertNames;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Experts;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import glia.model.spec.Rope;
import glia.tensor.ops.expert.Router;
import java.util.List;
import java.util.Optional;

/// MiniMax-M2: experts in all layers, routed by sigmoid scores with a learned correction; QK norms over all heads
/// together. Checked against the class `MiniMaxM2ForCausalLM`, but for one thing: `rotary_dim`, which the published
/// configs have (64 of 128), is used if `partial_rotary_factor` is missing, as in training; that class rotates whole
/// heads then.
final class MiniMaxM2 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("minimax_m2");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 128);
        double part = config.has("rotary_dim") ? (double) config.positive("rotary_dim") / headSize : 1;
        Rope rope = RopeConfig.read(config, headSize, 5_000_000, part);
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-6);
        Attention attention = AttentionConfig.causal(config, 8, headSize, rope, Bias.NONE)
                .with(new QkNorm.Whole(new Norm.Rms(epsilon, 0)));
        Router router = new Router(config.positive("num_experts_per_tok", 8), Router.Score.SIGMOID,
                Router.Correction.LEARNED, new Router.Groups.All(), Router.Share.NORMALIZED, 1);
        Experts experts = ExpertConfig.gated(config, ExpertConfig.numExperts(config, 256),
                config.positive("intermediate_size", 1536), router, new Experts.Shared.None());
        return Standard.spec(config, 196_608, false, epsilon, layer -> attention, layer -> experts);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, ExpertNames.BLOCK_SPARSE);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return StandardNames.isBeyondLayers(spec, tensorName);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(
                new StandardGguf("minimax-m2", "minimax_m2", StandardGguf.Rotation.HALF_SPLIT), ExpertGguf.FFN_NORM,
                List.of(ExpertGguf.GATING), (keys, checkpoint) ->
                        keys.rename("moe_intermediate_size", "intermediate_size")));
    }
}
