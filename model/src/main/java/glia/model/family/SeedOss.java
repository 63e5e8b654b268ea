package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.layout.GgufForm;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.ModelSpec;
import java.util.List;
import java.util.Optional;

/// Seed-OSS (ByteDance, 2025): Llama's structure with biases of queries, keys and values, and heads of a size of their
/// own. Checked against the class `SeedOssForCausalLM`.
final class SeedOss implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("seed_oss");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 128);
        Attention attention = AttentionConfig.causal(config, 8, headSize, RopeConfig.read(config, headSize, 10_000),
                Bias.of(config.flag("attention_bias", true), config.flag("attention_out_bias", false)));
        return Standard.spec(config, 524_288, false, Standard.bias(config, "mlp_bias", false), layer -> attention);
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(new StandardGguf("seed_oss", "seed_oss", StandardGguf.Rotation.HALF_SPLIT),
                ExpertGguf.POST_ATTENTION_NORM, List.of(), (keys, checkpoint) -> keys
                        .put("attention_bias", StandardGguf.hasQueryBias(checkpoint))
                        .put("attention_out_bias", checkpoint.names().contains("blk.0.attn_output.bias"))));
    }
}
