package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.layout.GgufForm;
import glia.model.spec.Attention;
import glia.model.spec.Experts;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.QkNorm;
import java.util.List;
import java.util.Optional;

/// OLMoE (https://arxiv.org/abs/2409.02060): RMS norms over all queries and all keys, which may be clipped, and experts
/// whose weights are not normalized. Checked against the class `OlmoeForCausalLM`.
final class Olmoe implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("olmoe");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-5);
        QkNorm norm = new QkNorm.Whole(new Norm.Rms(epsilon, 0));
        Attention attention = AttentionConfig.causal(config, headSize, RopeConfig.read(config, headSize, 10_000),
                Standard.bias(config, "attention_bias", false)).with(!config.has("clip_qkv") ? norm
                        : new QkNorm.Clipped((float) Numbers.real(config, "clip_qkv", NumberRange.CAP), norm));
        Experts experts = ExpertConfig.gated(config, ExpertConfig.numExperts(config, 64),
                config.positive("intermediate_size", 2048),
                ExpertConfig.softmax(config, 8, config.flag("norm_topk_prob", false)), new Experts.Shared.None());
        return Standard.spec(Padding.orElse(config, 1), 4096, false, epsilon, layer -> attention, layer -> experts);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(new StandardGguf("olmoe", "olmoe", StandardGguf.Rotation.HALF_SPLIT),
                ExpertGguf.FFN_NORM, List.of(StandardGguf.CLIP), (keys, checkpoint) -> keys
                        .copy(List.of(StandardGguf.CLIP)).rename("moe_intermediate_size", "intermediate_size")));
    }
}
