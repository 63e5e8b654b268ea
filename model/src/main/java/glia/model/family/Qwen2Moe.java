package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.LayerTypes;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.GgufFacts;
import glia.model.family.gguf.GgufKey;
import glia.model.family.gguf.StandardGguf;
import glia.model.layout.GgufForm;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Experts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.tensor.kernel.Span;
import java.util.List;
import java.util.Optional;

/// Qwen1.5-MoE and Qwen2-57B-A14B (https://arxiv.org/abs/2407.10671): Qwen2's attention, experts whose weights are not
/// normalized, and a gated shared expert. Checked against the class `Qwen2MoeForCausalLM`.
final class Qwen2Moe implements Family {
    private static final GgufKey SHARED = GgufKey.optional("expert_shared_feed_forward_length",
            "shared_expert_intermediate_size", GgufFacts::sharedWidth);

    @Override
    public List<String> modelTypes() {
        return List.of("qwen2_moe");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Attention attention = AttentionConfig.causal(config, 16, headSize, RopeConfig.read(config, headSize, 10_000),
                config.flag("qkv_bias", true) ? Bias.INPUTS : Bias.NONE);
        Span[] spans = Qwen2.spans(config);
        Experts experts = ExpertConfig.gated(config, ExpertConfig.numExperts(config, 60),
                config.positive("moe_intermediate_size", 1408),
                ExpertConfig.softmax(config, 4, config.flag("norm_topk_prob", false)),
                new Experts.Shared.Gated(config.positive("shared_expert_intermediate_size", 5632)));
        Mixer mlp = Standard.mlp(config, "intermediate_size", Bias.NONE);
        LayerTypes.Rule dense = LayerTypes.listed(config, "mlp_only_layers");
        int step = config.positive("decoder_sparse_step", 1);
        return Standard.spec(config, 32_768, false, Standard.epsilon(config, "rms_norm_eps", 1e-6),
                layer -> attention.with(spans[layer]),
                layer -> (layer + 1) % step == 0 && !dense.holds(layer) ? experts : mlp);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(
                new StandardGguf("qwen2moe", "qwen2_moe", StandardGguf.Rotation.HALF_SPLIT), ExpertGguf.FFN_NORM,
                List.of(SHARED), (keys, checkpoint) -> keys.copy(List.of(SHARED))
                        .put("qkv_bias", StandardGguf.hasQueryBias(checkpoint))));
    }
}
