package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.GgufKey;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.ExpertNames;
import glia.model.family.hub.StandardNames;
import glia.model.layout.GgufForm;
import glia.model.layout.Source;
import glia.model.spec.Attention;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.Parameter;
import glia.model.spec.QkNorm;
import java.util.List;
import java.util.Optional;

/// Hunyuan 3 (Tencent, 2026): normed heads, a dense layer, then experts routed by corrected sigmoid scores, with a
/// shared one. Checked against the class `HYV3ForCausalLM`; multi-token-prediction layers are not read.
final class HunyuanV3 implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("hy_v3");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 128);
        Norm.Rms norm = new Norm.Rms(Standard.epsilon(config, "rms_norm_eps", 1e-5), 0);
        Attention attention = AttentionConfig.causal(config, 8, headSize,
                RopeConfig.read(config, headSize, 11_158_840), Standard.bias(config, "attention_bias", false))
                .with(new QkNorm.Heads(norm));
        Config named = config.orElse("n_shared_experts", "num_shared_experts")
                .orElse("routed_scaling_factor", "router_scaling_factor");
        LatentExperts experts = new LatentExperts(1, 192, 1, 1536, 1, 1, LatentExperts.Method.NOAUX_TC, true, 2.826);
        return Standard.spec(config, 131_072, false, norm.eps(), layer -> attention,
                experts.read(named, Standard.bias(config, "mlp_bias", false)));
    }

    @Override
    public Source source(ModelSpec spec, Parameter p) {
        return StandardNames.source(spec, p, ExpertNames.CORRECTED_ROUTER).renamed(name -> List.of(name
                .replace("router.gate.e_score_correction_bias", "expert_bias")
                .replace(".shared_experts.", ".shared_mlp.")));
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return StandardNames.isBeyondLayers(spec, tensorName);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(new StandardGguf("hy_v3", "hy_v3", StandardGguf.Rotation.HALF_SPLIT),
                ExpertGguf.FFN_NORM, GgufKey.join(ExpertGguf.WEIGHTS, ExpertGguf.DENSE,
                        List.of(ExpertGguf.SHARED_WIDTH, ExpertGguf.GATING)), (keys, checkpoint) -> keys
                                .dense(checkpoint).put("n_shared_experts", keys.has("expert_shared_feed_forward_length")
                                        ? keys.quotient("expert_shared_feed_forward_length",
                                                "expert_feed_forward_length") : 0)));
    }
}
