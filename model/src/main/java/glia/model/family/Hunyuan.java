package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ByType;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.GgufKey;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.Experts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import java.util.List;
import java.util.Optional;

/// Hunyuan dense (0.5B to 7B) and Hunyuan-A13B (2025): RMS norms of each query and key head after RoPE, whose base is
/// scaled by a fixed factor; `hunyuan_v1_moe` has experts and a shared one in every layer. Checked against
/// `HunYuanDenseV1ForCausalLM` and `HunYuanMoEV1ForCausalLM`.
final class Hunyuan implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("hunyuan_v1_dense", "hunyuan_v1_moe");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-5);
        Attention attention = AttentionConfig.causal(config, headSize, RopeConfig.read(config, headSize, 10_000),
                Standard.bias(config, "attention_bias", false))
                .with(new QkNorm.Rotated(new Norm.Rms(epsilon, 0)));
        Mixer feedForward = config.text("model_type").equals("hunyuan_v1_dense")
                ? Standard.mlp(config, "intermediate_size", Standard.bias(config, "mlp_bias", false))
                : ExpertConfig.gated(config, ExpertConfig.numExperts(config, 1), config.positive("intermediate_size"),
                        ExpertConfig.softmax(config.orElse("num_experts_per_tok", "moe_topk"), 1, true),
                        new Experts.Shared.Plain(config.positive("intermediate_size")));
        return Standard.spec(config, 2048, false, epsilon, layer -> attention, layer -> feedForward);
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, "q_norm", "query_layernorm", "k_norm", "key_layernorm", "mlp.gate.weight",
                "mlp.gate.wg.weight", "shared_experts", "shared_mlp");
    }

    @Override
    public Optional<GgufForm> gguf() {
        ExpertGguf dense = form("hunyuan-dense", "hunyuan_v1_dense", List.of());
        return Optional.of(new ByType(modelTypes(), List.of(dense, form("hunyuan-moe", "hunyuan_v1_moe",
                GgufKey.join(ExpertGguf.SHARED, List.of(ExpertGguf.SHARED_WIDTH))))));
    }

    private static ExpertGguf form(String architecture, String type, List<GgufKey> own) {
        return new ExpertGguf(new StandardGguf(architecture, type, StandardGguf.Rotation.HALF_SPLIT),
                ExpertGguf.FFN_NORM, own, (keys, checkpoint) -> keys.rename("moe_intermediate_size",
                        "intermediate_size"));
    }
}
