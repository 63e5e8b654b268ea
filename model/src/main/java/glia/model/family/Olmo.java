package glia.model.family;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.config.AttentionConfig;
import glia.model.family.config.Numbers;
import glia.model.family.config.Padding;
import glia.model.family.config.RopeConfig;
import glia.model.family.config.Standard;
import glia.model.family.gguf.ExpertGguf;
import glia.model.family.gguf.StandardGguf;
import glia.model.layout.GgufForm;
import glia.model.spec.Attention;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.NumberRange;
import glia.model.spec.QkNorm;
import java.util.List;
import java.util.Optional;

/// OLMo 1 (https://arxiv.org/abs/2402.00838): Llama's structure with layer norms without weights, and queries, keys and
/// values that may be clipped. Checked against the class `OlmoForCausalLM`.
final class Olmo implements Family {
    @Override
    public List<String> modelTypes() {
        return List.of("olmo");
    }

    @Override
    public ModelSpec spec(Config config) throws CheckpointException {
        int headSize = AttentionConfig.headSize(config, 0);
        Attention plain = AttentionConfig.causal(config, headSize, RopeConfig.read(config, headSize, 10_000),
                Standard.bias(config, "attention_bias", false));
        Attention attention = config.has("clip_qkv")
                ? plain.with(new QkNorm.Clipped((float) Numbers.real(config, "clip_qkv", NumberRange.CAP))) : plain;
        Mixer mlp = Standard.mlp(config, "intermediate_size", Bias.NONE);
        Norm norm = new Norm.UnitLayer(1e-5f);
        return Standard.spec(config, 2048, Padding.read(config, Embedding.PLAIN, 1), norm,
                layer -> attention, layer -> mlp, Standard.head(config, false));
    }

    @Override
    public Optional<GgufForm> gguf() {
        return Optional.of(new ExpertGguf(new StandardGguf("olmo", "olmo", StandardGguf.Rotation.INTERLEAVED),
                ExpertGguf.FFN_NORM, List.of(StandardGguf.CLIP),
                (keys, checkpoint) -> keys.copy(List.of(StandardGguf.CLIP))));
    }
}
