package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.ExpertConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.layout.GgufForm;
import glia.model.family.gguf.GgufKey;
import glia.model.family.gguf.StandardGguf;
import glia.model.family.hub.StandardNames;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Experts;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.QkNorm;
import glia.model.spec.Rope;
import java.util.List;
import java.util.Optional;

/// GLM-4.5 and 4.6: the first `first_k_dense_replace` layers have an MLP, the others routed experts (sigmoid scores
/// with a learned correction) and a shared expert (https://arxiv.org/abs/2508.06471). Checked against the class
/// `Glm4MoeForCausalLM`. Multi-token-prediction layers, beyond `num_hidden_layers`, are ignored.
final class Glm4Moe implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("glm4_moe");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Rope rope = RopeConfig.read(config, headSize, 10_000, 0.5);
        float epsilon = Standard.epsilon(config, "rms_norm_eps", 1e-5);
        QkNorm headNorm = config.flag("use_qk_norm", false) ? new QkNorm.Heads(new Norm.Rms(epsilon, 0))
                : new QkNorm.None();
        Attention attention = AttentionConfig.causal(config, 8, headSize, rope,
                config.flag("attention_bias", false) ? Bias.INPUTS : Bias.NONE).with(headNorm);
        int width = config.positive("moe_intermediate_size", 1408);
        Experts experts = ExpertConfig.gated(config, ExpertConfig.numExperts(config, 128), width,
                ExpertConfig.corrected(config, 8, 1, 1, 1), ExpertConfig.shared(config, width, 1));
        Mixer mlp = Standard.mlp(config, "intermediate_size", Bias.NONE);
        int numDense = Numbers.count(config, "first_k_dense_replace", 1);
        return Standard.spec(config, 131_072, false, epsilon, layer -> attention,
                layer -> layer < numDense ? mlp : experts);
    }

    @Override
    public boolean ignores(ModelSpec spec, String tensorName) {
        return StandardNames.isBeyondLayers(spec, tensorName);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(
                new StandardGguf("glm4moe", "glm4_moe", StandardGguf.Rotation.HALF_SPLIT),
                ExpertGguf.POST_ATTENTION_NORM, GgufKey.join(ExpertGguf.WEIGHTS, ExpertGguf.SHARED, ExpertGguf.DENSE,
                        List.of(ExpertGguf.GATING, GgufKey.written("nextn_predict_layers", facts -> Optional.of(0)))),
                (keys, checkpoint) -> keys
                        .put("use_qk_norm", checkpoint.names().contains("blk.0.attn_q_norm.weight"))
                        .put("attention_bias", StandardGguf.hasQueryBias(checkpoint))));
    }
}
